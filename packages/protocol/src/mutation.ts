import * as z from 'zod/mini';
import { hlcSchema, keySchema, nameSchema, uuidSchema, versionSchema } from './identifiers.ts';
import { jsonSchema, valuesSchema } from './value.ts';

/** The longest name of whoever wrote a mutation, in characters. */
export const MAX_AUTHOR_LENGTH = 256;

/**
 * What the user saw in a column when it was not the server-confirmed value: the
 * value, and the earlier mutation of this client that wrote it.
 */
export const seenSchema = z.strictObject({ value: jsonSchema, mutationId: uuidSchema });
export type Seen = z.infer<typeof seenSchema>;

/**
 * The server-confirmed state of the row when the user edited it: its version and
 * the values of the columns that the change touches (of all columns for a delete).
 */
export const confirmedSchema = z.strictObject({ version: versionSchema, values: valuesSchema });
export type Confirmed = z.infer<typeof confirmedSchema>;

/**
 * The effect of a mutation on one row. All of it is fixed when the user writes, so
 * that a retry is the same change.
 *
 * - `insert`: `values` holds every column; no `confirmed`.
 * - `update`: `values` holds only the columns that changed.
 * - `delete`: no `values`.
 *
 * `confirmed` is absent when no server version of the row was known (the row was
 * inserted by an earlier pending mutation). A counter travels as the value the user
 * reached; its increment is `values - (seen ?? confirmed)`.
 */
export const changeSchema = z.strictObject({
  table: nameSchema,
  op: z.enum(['insert', 'update', 'delete']),
  key: keySchema,
  values: z.optional(valuesSchema),
  confirmed: z.optional(confirmedSchema),
  /** By column; only columns whose seen value was a pending one. */
  seen: z.optional(z.record(nameSchema, seenSchema)),
  /** The last pending mutation of this client that had touched the row before this one. */
  after: z.optional(uuidSchema),
});
export type Change = z.infer<typeof changeSchema>;
export type Op = Change['op'];

/**
 * What a mutation that was settled before an epoch change brings along when it is
 * offered again: its old outcome and, per change and column, the version it produced.
 */
export const offerSchema = z.strictObject({
  epoch: z.string().check(z.maxLength(128)),
  outcome: z.enum(['applied', 'merged', 'superseded', 'review', 'rejected']),
  /** One per change, in order: the row version that the change produced, or null if it produced none. */
  versions: z.array(z.nullable(versionSchema)),
  /** One per change, in order: the columns whose value took effect. */
  columns: z.array(z.array(nameSchema)),
  /** One per change, in order: the key that the server gave the row instead, or null. Absent: it gave none. */
  keys: z.optional(z.array(z.nullable(keySchema))),
});
export type Offer = z.infer<typeof offerSchema>;

/**
 * The changes of one local transaction, applied as one on the server or not at all.
 *
 * Life of a mutation: captured on the device (`queued`), sent in a batch
 * (`in-flight`), answered with an outcome (`settled`, `review` or `quarantined`).
 * A lost answer is met by sending the same mutation again: the server returns the
 * first outcome with `repeat: true`.
 */
export const mutationSchema = z.strictObject({
  mutationId: uuidSchema,
  /** Counts from 1 within the run, without gaps. */
  seq: z.number().check(z.int(), z.positive()),
  hlc: hlcSchema,
  /** The user who wrote it: must be the token's user. */
  author: z.string().check(z.minLength(1), z.maxLength(MAX_AUTHOR_LENGTH)),
  /** Where it was made, when not on the sender's current client and run. */
  origin: z.optional(z.strictObject({ clientId: uuidSchema, runId: uuidSchema })),
  schemaVersion: z.number().check(z.int(), z.positive()),
  /** Name of the app function that made it, for the audit. */
  name: z.optional(nameSchema),
  offer: z.optional(offerSchema),
  changes: z.array(changeSchema).check(z.minLength(1)),
});
export type Mutation = z.infer<typeof mutationSchema>;
