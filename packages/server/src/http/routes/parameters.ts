import { keySchema, nameSchema, uuidSchema } from '@satchel/protocol';
import * as z from 'zod/mini';
import type { Parameter } from '../route.ts';

const EXAMPLE_ID = '0192f0c1-7a3e-7c11-9a5e-3f1d2b4c5d6e';

export const idParameter = (what: string): Parameter => ({
  schema: uuidSchema,
  description: `Id of the ${what}.`,
  example: EXAMPLE_ID,
});

/** On every route: which device asks, so that a revoked one is refused. Routes with `clientId` in the body take it from there. */
export const CLIENT_ID: Parameter = {
  schema: uuidSchema,
  description: 'The asking client, where the body does not name it. A revoked one is refused.',
  example: EXAMPLE_ID,
};

export const tableParameter: Parameter = {
  schema: nameSchema,
  description: 'Name of a table of the app.',
  example: 'products',
};
export const keyParameter: Parameter = {
  schema: keySchema,
  description: "The row's key, percent-encoded; several columns as a JSON array.",
  example: EXAMPLE_ID,
};

export const MAX_LIMIT = 500;
export const DEFAULT_LIMIT = 100;
export const limitParameter: Parameter = {
  schema: z.string().check(z.regex(/^(?:[1-9]\d?|[1-4]\d\d|500)$/)),
  description: `How many at most, 1 to ${MAX_LIMIT}. Default ${DEFAULT_LIMIT}.`,
  example: String(DEFAULT_LIMIT),
};
export const afterParameter: Parameter = {
  schema: z.string().check(z.minLength(1), z.maxLength(256)),
  description: 'The `next` of the page before.',
};

export const limitOf = (text: string | undefined): number =>
  text === undefined ? DEFAULT_LIMIT : Number(text);
