import { ERRORS, type ErrorCode } from '@satchel/protocol';
import type { Dialect } from '@satchel/schema';
import * as z from 'zod/mini';
import type { Parameter } from '../http/route.ts';
import type { DialectRoute } from './dialect-route.ts';
import { ERROR_SHAPES } from './error-shapes.ts';

type JsonObject = { [name: string]: unknown };

const TITLES: Readonly<Record<Dialect, string>> = {
  tables: 'Dialect: tables',
  actions: 'Dialect: actions',
  mobile: 'Dialect: mobile',
};

const COMMON: readonly ErrorCode[] = [
  'request_invalid',
  'auth_missing',
  'auth_invalid',
  'auth_expired',
  'client_revoked',
  'client_of_other_user',
  'method_not_allowed',
  'rate_limited',
  'database_unavailable',
  'server_busy',
];
const WITH_BODY: readonly ErrorCode[] = ['media_type', 'body_encoding', 'body_not_json', 'body_too_large'];

/** Codes with which a whole request of the route can be refused. */
const errorsOf = ({ body, access, dialect }: DialectRoute): readonly ErrorCode[] => [
  ...COMMON,
  ...(body === undefined ? [] : WITH_BODY),
  ...(access === 'administrator' ? (['not_administrator'] as const) : []),
  ...(dialect === 'mobile' ? (['cursor_invalid'] as const) : []),
  ...(body === undefined ? [] : (['batch_too_large', 'table_unknown', 'op_denied'] as const)),
];

const schemaOf = (schema: z.core.$ZodType, io: 'input' | 'output'): JsonObject => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonObject;
  return rest;
};

/** The dialects' part of the interface's document: tags, and paths in the form of OpenAPI 3.1. */
export const dialectPart = (
  routes: readonly DialectRoute[],
): { readonly tags: readonly JsonObject[]; readonly paths: JsonObject } => {
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    const method = route.method.toLowerCase();
    const before = paths[route.path]?.[method] as JsonObject | undefined;
    const operation = operationOf(route);
    paths[route.path] = {
      ...paths[route.path],
      [method]: before === undefined ? operation : together(before, operation),
    };
  }
  const dialects = [...new Set(routes.map(({ dialect }) => dialect))];
  return {
    tags: dialects.map((dialect) => ({
      name: TITLES[dialect],
      description: 'A contract of older clients, over the same rooms; errors in a shape of its own.',
    })),
    paths,
  };
};

const operationOf = (route: DialectRoute): JsonObject => ({
  operationId: route.operationId,
  tags: [TITLES[route.dialect]],
  summary: route.summary,
  description: route.description,
  parameters: [
    ...Object.entries(route.parameters).map(([name, parameter]) => parameterOf(name, 'path', parameter)),
    ...Object.entries(route.query).map(([name, parameter]) => parameterOf(name, 'query', parameter)),
  ],
  ...(route.body === undefined
    ? {}
    : {
        requestBody: {
          required: true,
          description: 'May be compressed: gzip, deflate or br in `Content-Encoding`.',
          content: {
            'application/json': {
              schema: schemaOf(route.body, 'input'),
              ...(route.example === undefined ? {} : { example: route.example }),
            },
          },
        },
      }),
  responses: {
    '200': {
      description: 'Done.',
      content: { 'application/json': { schema: schemaOf(route.answer, 'output') } },
    },
    ...errorResponses(route),
  },
});

/** Two dialects at one address: with a device the one, without the other. */
const together = (first: JsonObject, second: JsonObject): JsonObject => ({
  ...second,
  operationId: `${String(first.operationId)}Or${capital(String(second.operationId))}`,
  tags: [...(first.tags as string[]), ...(second.tags as string[])],
  summary: `${String(first.summary)}; ${String(second.summary)}`,
  description: `Without \`device_id\`: ${String(first.description)}\n\nWith it: ${String(second.description)}`,
  responses: {
    ...(second.responses as JsonObject),
    '200': {
      description: 'Done.',
      content: {
        'application/json': { schema: { anyOf: [answerOf(first), answerOf(second)] } },
      },
    },
  },
});

const answerOf = (operation: JsonObject): unknown =>
  (operation as { responses: { '200': { content: { 'application/json': { schema: unknown } } } } }).responses[
    '200'
  ].content['application/json'].schema;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const parameterOf = (name: string, place: 'path' | 'query', parameter: Parameter): JsonObject => ({
  name,
  in: place,
  required: place === 'path',
  description: parameter.description,
  schema: schemaOf(parameter.schema, 'input'),
  ...(parameter.example === undefined ? {} : { example: parameter.example }),
});

const errorResponses = (route: DialectRoute): JsonObject => {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(route)) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, codes]) => [
        String(status),
        {
          description: codes.map((code) => `\`${code}\``).join(', '),
          content: { 'application/json': { schema: schemaOf(ERROR_SHAPES[route.dialect], 'output') } },
        },
      ]),
  );
};
