import { ERRORS } from '@satchel/protocol';
import { describe, expect, it } from 'vitest';
import { errorsOf, openApiDocument } from './openapi.ts';
import { ROUTES } from './routes.ts';
import { WIRE_SCHEMAS, type WireName } from './wire-schemas.ts';

const document = openApiDocument() as {
  openapi: string;
  info: { description: string };
  paths: Record<
    string,
    Record<
      string,
      {
        description: string;
        responses: Record<string, unknown>;
        parameters?: { name: string; in: string }[];
        requestBody?: { content: Record<string, { example?: unknown }> };
      }
    >
  >;
  components: { schemas: Record<string, { description?: string }> };
};

const references = (value: unknown): string[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === '$ref' && typeof inner === 'string' ? [inner] : references(inner),
  );
};

describe('the document at /openapi.json', () => {
  it('[HTTP-01] holds every route, with its parameters, its errors and a description', () => {
    expect(document.openapi).toBe('3.1.0');
    for (const route of ROUTES) {
      const operation = document.paths[route.path]?.[route.method.toLowerCase()];
      expect(operation, route.path).toBeDefined();
      expect(operation!.description.length).toBeGreaterThan(20);
      const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      expect(
        operation!.parameters!.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
      ).toEqual(inPath);
      for (const code of errorsOf(route))
        expect(operation!.responses).toHaveProperty(String(ERRORS[code].status));
      expect(Object.keys(operation!.responses)).not.toContain('0');
    }
    for (const path of ['/healthz', '/readyz', '/openapi.json', '/docs', '/metrics', '/v1/live'])
      expect(document.paths[path]?.get, path).toBeDefined();
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map((operation) => Reflect.get(operation, 'operationId')),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('[HTTP-01] refers to no schema that is not there, and every schema is described and used', () => {
    const known = Object.keys(document.components.schemas);
    const used = new Set(
      references(document).map((reference) => reference.replace('#/components/schemas/', '')),
    );
    for (const name of used) expect(known).toContain(name);
    for (const name of known) {
      expect(document.components.schemas[name]?.description, name).toBeTruthy();
      expect([...used, 'Never'], name).toContain(name);
    }
    expect(known.sort()).toEqual(Object.keys(WIRE_SCHEMAS).sort());
  });

  it('[HTTP-01] lists every error that can answer a request', () => {
    for (const [code, entry] of Object.entries(ERRORS))
      expect(document.info.description.includes(`| \`${code}\` | ${entry.status} |`), code).toBe(
        entry.status !== 0,
      );
  });

  it('[HTTP-01] its examples are of the protocol', () => {
    for (const route of ROUTES) {
      const parses = (name: WireName, example: unknown) => {
        if (example !== undefined)
          expect(WIRE_SCHEMAS[name].safeParse(example).error, route.operationId).toBeUndefined();
      };
      if (route.body !== undefined) parses(route.body, route.example?.request);
      parses(route.answer, route.example?.answer);
    }
  });
});
