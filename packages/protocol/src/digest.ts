import * as z from 'zod/mini';
import { keySchema, nameSchema, scopeSchema, uuidSchema, versionSchema } from './identifiers.ts';
import { MAX_CURSOR_LENGTH, subscriptionSchema } from './pull.ts';
import { jsonSchema } from './value.ts';

/** As in the client's pulls, so that names, columns and filters are the same. */
const sightSchema = {
  /** Absent: that of the server. */
  schemaVersion: z.optional(z.number().check(z.int(), z.positive())),
  subscription: z.optional(subscriptionSchema),
};

/**
 * `POST /v1/digests`: does what the client holds equal what the server has for it?
 * A scope that changed since the cursor, or whose copy is not complete, comes back
 * `behind`: pull and ask again. One that is no longer the client's is `gone`.
 *
 * The digest of a table of a scope is that of one line per row, by key in code-unit
 * order: see `newDigest` in `@satchel/core`.
 * - `quick`: key and version, `quickLine(key, version)`.
 * - `deep`: `rowText` of the key's columns and those that pages carry.
 */
export const digestRequestSchema = z.strictObject({
  clientId: uuidSchema,
  cursor: z.string().check(z.maxLength(MAX_CURSOR_LENGTH)),
  depth: z.enum(['quick', 'deep']),
  scopes: z.optional(z.array(scopeSchema)),
  ...sightSchema,
});
export type DigestRequest = z.infer<typeof digestRequestSchema>;
export const digestResponseSchema = z.object({
  scopes: z.record(
    scopeSchema,
    z.discriminatedUnion('state', [
      z.object({ state: z.literal('behind') }),
      z.object({ state: z.literal('gone') }),
      z.object({
        state: z.literal('known'),
        tables: z.record(nameSchema, z.object({ rows: z.number(), digest: z.string() })),
      }),
    ]),
  ),
});
export type DigestResponse = z.infer<typeof digestResponseSchema>;

/**
 * `POST /v1/versions`: keys and versions of one table of one scope, by key in code-unit
 * order; when deep, also `digestText` of each row's deep line. Nothing where the client
 * may hold nothing.
 */
export const versionsRequestSchema = z.strictObject({
  clientId: uuidSchema,
  scope: scopeSchema,
  table: nameSchema,
  depth: z.enum(['quick', 'deep']),
  afterKey: z.optional(keySchema),
  ...sightSchema,
});
export type VersionsRequest = z.infer<typeof versionsRequestSchema>;
export const versionsResponseSchema = z.object({
  keys: z.array(keySchema),
  versions: z.array(versionSchema),
  digests: z.optional(z.array(z.string())),
  more: z.boolean(),
});
export type VersionsResponse = z.infer<typeof versionsResponseSchema>;

/** `POST /v1/rows`: the named rows of one scope, as they are now; rows that are not in it are left out. */
export const rowsRequestSchema = z.strictObject({
  clientId: uuidSchema,
  scope: scopeSchema,
  table: nameSchema,
  keys: z.array(keySchema).check(z.maxLength(1_000)),
  ...sightSchema,
});
export type RowsRequest = z.infer<typeof rowsRequestSchema>;
export const rowsResponseSchema = z.object({
  keys: z.array(keySchema),
  versions: z.array(versionSchema),
  columns: z.record(nameSchema, z.array(jsonSchema)),
});
export type RowsResponse = z.infer<typeof rowsResponseSchema>;
