import { keySchema, nameSchema, uuidSchema } from '@satchel/protocol';
import * as z from 'zod/mini';
import type { RecordFilter } from '../../operate/list-batches.ts';
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

const timeSchema = z.string().check(z.regex(/^\d{1,15}$/));
export const SINCE: Parameter = {
  schema: timeSchema,
  description: 'At or after this time of the server, UTC milliseconds.',
  example: '1764000000000',
};
export const UNTIL: Parameter = {
  schema: timeSchema,
  description: 'Before this time of the server, UTC milliseconds.',
  example: '1764086400000',
};
/** Whose records are asked for; `clientId` says who asks. */
export const DEVICE: Parameter = {
  schema: uuidSchema,
  description: 'Only those of this client.',
  example: EXAMPLE_ID,
};
export const USER: Parameter = {
  schema: z.string().check(z.minLength(1), z.maxLength(256)),
  description: 'Only those of this user.',
  example: 'ana',
};

type Query = Readonly<Record<string, string | undefined>>;

export const timeOf = ({ since, until }: Query): { readonly since?: number; readonly until?: number } => ({
  ...(since === undefined ? {} : { since: Number(since) }),
  ...(until === undefined ? {} : { until: Number(until) }),
});

/** Lists of records: by client, user and time, a page at a time. */
export const recordQuery = {
  clientId: CLIENT_ID,
  device: DEVICE,
  user: USER,
  since: SINCE,
  until: UNTIL,
  after: afterParameter,
  limit: limitParameter,
} as const;

export const recordsOf = (query: Query): RecordFilter => ({
  ...timeOf(query),
  ...(query.device === undefined ? {} : { clientId: query.device }),
  ...(query.user === undefined ? {} : { userId: query.user }),
  ...(query.after === undefined ? {} : { after: query.after }),
  limit: limitOf(query.limit),
});
