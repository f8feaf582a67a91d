import * as z from 'zod/mini';

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

export const jsonSchema: z.ZodMiniType<Json, Json> = z.json() as unknown as z.ZodMiniType<Json, Json>;
export const valuesSchema: z.ZodMiniType<Values, Values> = z.record(
  z.string().check(z.maxLength(128)),
  jsonSchema,
) as unknown as z.ZodMiniType<Values, Values>;
