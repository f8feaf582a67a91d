import * as z from 'zod/mini';
import { isObject } from './at-a-look.ts';

/** Any value that JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * The canonical form of one column's value: what the wire, the base, digests and
 * every comparison use.
 *
 * | column type | canonical form |
 * |---|---|
 * | text, id, ref | string |
 * | integer, counter, serverId | number, whole, within 2^53-1 either way |
 * | real | number, finite; `-0` is `0` |
 * | bigint, decimal | string, no leading zeros, no trailing fraction zeros, no `-0` |
 * | boolean | boolean |
 * | date | `YYYY-MM-DD`, years 0001 to 9999 |
 * | timestamp, modifiedAt | number, UTC milliseconds |
 * | json | any JSON, compared by value |
 * | set | array of distinct strings, sorted by code unit |
 * | media | `{ id, sha256, bytes, type }` |
 * | document | string, base64 of a Yjs update |
 *
 * `null` is the absence of a value for every nullable column.
 */
export type Value = Json;

/** The values of some columns of one row, by column name (camelCase). */
export type Values = { readonly [column: string]: Value };

/**
 * Both schemas stand where the value came out of `JSON.parse`, so it is JSON already:
 * they look at the outside only. (Walking into every value again took 50 ms of a push
 * of 10,000 rows, this takes 9.) What a column may hold is checked against its type.
 */
export const jsonSchema: z.ZodMiniType<Json, Json> = z.custom<Json>((value) => value !== undefined);
export const valuesSchema: z.ZodMiniType<Values, Values> = z.custom<Values>(
  (value) => isValues(value),
  'expected an object of columns with names of at most 128 characters',
);

/** The same at a look: the names alone. */
export const isValues = (data: unknown): data is Values => {
  if (!isObject(data)) return false;
  for (const column in data) if (column.length > 128) return false;
  return true;
};
