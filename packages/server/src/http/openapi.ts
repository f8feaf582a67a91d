import { ERRORS, type ErrorCode, PROTOCOL_VERSION } from '@satchel/protocol';
import * as z from 'zod/mini';
import type { DialectRoute } from '../dialects/dialect-route.ts';
import { dialectPart } from '../dialects/openapi-part.ts';
import type { Parameter, Route } from './route.ts';
import { ROUTES } from './routes.ts';
import { SCHEMA_NOTES } from './schema-notes.ts';
import { WIRE_SCHEMAS, type WireName } from './wire-schemas.ts';

type JsonObject = { [name: string]: unknown };

/** Codes that any route can answer with, beside its own. */
const COMMON_ERRORS: readonly ErrorCode[] = [
  'auth_missing',
  'auth_invalid',
  'auth_expired',
  'client_revoked',
  'origin_denied',
  'request_invalid',
  'rate_limited',
  'auth_unavailable',
  'database_unavailable',
  'server_busy',
  'server_stopping',
  'server_error',
];
const BODY_ERRORS: readonly ErrorCode[] = ['media_type', 'body_encoding', 'body_not_json', 'body_too_large'];

/** Every code that this route can answer with. */
export const errorsOf = (route: Route): readonly ErrorCode[] => [
  ...new Set([
    ...COMMON_ERRORS,
    ...(route.body === undefined ? [] : BODY_ERRORS),
    ...(route.access === 'administrator' ? (['not_administrator'] as const) : []),
    ...route.errors,
  ]),
];

/** The interface as an OpenAPI 3.1 document, made from the routes and the schemas that the server itself uses; with those of the dialects that are mounted. */
export const openApiDocument = (dialects: readonly DialectRoute[] = []): JsonObject => {
  const part = dialectPart(dialects);
  const native = nativeDocument();
  return {
    ...native,
    tags: [...native.tags, ...part.tags],
    paths: { ...native.paths, ...part.paths },
  };
};

const nativeDocument = () => ({
  openapi: '3.1.0',
  info: {
    title: 'Satchel',
    version: `${PROTOCOL_VERSION}`,
    description: `The native protocol, version ${PROTOCOL_VERSION}.\n\n${errorTable()}`,
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  security: [{ token: [] }],
  tags: [
    { name: 'Sync', description: 'Writing, reading, comparing.' },
    { name: 'Conflicts', description: 'Clashes that a rule or a person settles.' },
    { name: 'Clients', description: 'Devices; for administrators.' },
    { name: 'Batches', description: 'Push requests as they came.' },
    { name: 'History', description: 'What happened to a row.' },
    { name: 'Reports', description: 'What came of sync; for administrators.' },
    { name: 'Live', description: 'News as it happens, over a WebSocket.' },
    { name: 'Operation', description: 'Health, figures, this document.' },
  ],
  paths: { ...routePaths(), ...otherPaths() },
  components: {
    schemas: schemas(),
    securitySchemes: {
      token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token of your issuer.' },
      operator: { type: 'http', scheme: 'bearer', description: "The operator's token." },
    },
  },
});

const errorTable = (): string => {
  const rows = Object.entries(ERRORS)
    .filter(([, entry]) => entry.status !== 0)
    .map(
      ([code, entry]) =>
        `| \`${code}\` | ${entry.status} | ${entry.retry} | ${entry.template} ${entry.remedy} |`,
    );
  return [
    'Every error is `{"error": {"code", "params", "requestId"}}`. Decide by `code`.',
    '',
    '| code | status | try again | text |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
};

const routePaths = (): JsonObject => {
  const paths: Record<string, JsonObject> = {};
  for (const route of ROUTES) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return paths;
};

const operationOf = (route: Route): JsonObject => ({
  operationId: route.operationId,
  tags: [route.tag],
  summary: route.summary,
  description: `${route.description}${route.access === 'administrator' ? ' For administrators.' : ''}`,
  parameters: [
    ...Object.entries(route.parameters).map(([name, parameter]) => parameterOf(name, 'path', parameter)),
    ...Object.entries(route.query).map(([name, parameter]) => parameterOf(name, 'query', parameter)),
    ...(route.lines
      ? [
          {
            name: 'If-None-Match',
            in: 'header',
            required: false,
            description: 'Digest of the cursor, in quotes: 304 when there is nothing new.',
            schema: { type: 'string' },
          },
        ]
      : []),
  ],
  ...(route.body === undefined
    ? {}
    : {
        requestBody: {
          required: !route.bodyOptional,
          description: 'May be compressed: gzip, deflate or br in `Content-Encoding`.',
          content: {
            'application/json': {
              schema: reference(route.body),
              ...(route.example?.request === undefined ? {} : { example: route.example.request }),
            },
          },
        },
      }),
  responses: {
    '200': {
      description: route.lines ? 'JSON lines, one of these each.' : 'Done.',
      content: {
        [route.lines ? 'application/jsonl' : 'application/json']: {
          schema: reference(route.answer),
          ...(route.example?.answer === undefined ? {} : { example: route.example.answer }),
        },
      },
    },
    ...(route.lines ? { '304': { description: 'Nothing new.' } } : {}),
    ...errorResponses(errorsOf(route)),
  },
});

const parameterOf = (name: string, place: 'path' | 'query', parameter: Parameter): JsonObject => ({
  name,
  in: place,
  required: place === 'path',
  description: parameter.description,
  schema: jsonSchemaOf(parameter.schema),
  ...(parameter.example === undefined ? {} : { example: parameter.example }),
});

const errorResponses = (codes: readonly ErrorCode[]): JsonObject => {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, group]) => [
        String(status),
        {
          description: group.map((code) => `\`${code}\``).join(', '),
          content: { 'application/json': { schema: reference('ErrorAnswer') } },
          ...(status === 429 || status === 503
            ? { headers: { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } } } }
            : {}),
        },
      ]),
  );
};

const reference = (name: WireName): JsonObject => ({ $ref: `#/components/schemas/${name}` });

const jsonSchemaOf = (schema: z.core.$ZodType): JsonObject => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
  }) as JsonObject;
  return rest;
};

const schemas = (): JsonObject => {
  const registry = z.registry<{ id: string; description?: string }>();
  for (const [name, schema] of Object.entries(WIRE_SCHEMAS)) {
    // `Values` and `Json` are checked by hand; their form is written down in the notes.
    registry.add(schema, { id: name });
  }
  const made = z.toJSONSchema(registry, {
    io: 'input',
    unrepresentable: 'any',
    uri: (id) => `#/components/schemas/${id}`,
  }).schemas as Record<string, JsonObject>;
  return Object.fromEntries(
    Object.entries(made).map(([name, schema]) => {
      const { $schema: _, $id: __, id: ___, ...rest } = schema;
      return [name, { ...rest, ...SCHEMA_NOTES[name as WireName] }];
    }),
  );
};

/** Paths that are no routes of the protocol's table. */
const otherPaths = (): JsonObject => {
  const plain = (summary: string, type: string, extra: JsonObject = {}): JsonObject => ({
    get: {
      operationId: summary.toLowerCase().replaceAll(' ', '-'),
      tags: ['Operation'],
      summary,
      security: [],
      responses: { '200': { description: 'Done.', content: { [type]: {} } }, ...extra },
    },
  });
  const live = plain('Listen for news', 'text/plain');
  return {
    '/healthz': plain('Is the process alive', 'application/json'),
    '/readyz': plain(
      'Can the server answer',
      'application/json',
      errorResponses(['database_unavailable', 'server_stopping']),
    ),
    '/openapi.json': plain('This document', 'application/json'),
    '/docs': plain('This document as a page', 'text/html'),
    '/metrics': {
      get: {
        operationId: 'metrics',
        tags: ['Operation'],
        summary: 'Figures for Prometheus',
        description: "Needs the operator's token, or stands on a listener of its own.",
        security: [{ operator: [] }],
        responses: {
          '200': { description: 'Done.', content: { 'text/plain': {} } },
          ...errorResponses(['auth_invalid', 'rate_limited']),
        },
      },
    },
    '/v1/live': {
      get: {
        ...(live.get as JsonObject),
        operationId: 'live',
        tags: ['Live'],
        description:
          'A WebSocket. The first message up is `hello` with token and cursor; pages come as the same JSON lines as in a pull, `poke` asks for a pull. Close codes: 4400 invalid, 4401 needs auth, 4403 revoked, 4409 behind, 1001 going away.',
        responses: { '101': { description: 'The socket is open.' } },
      },
    },
  };
};
