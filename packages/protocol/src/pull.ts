import * as z from 'zod/mini';
import { keySchema, nameSchema, scopeSchema, uuidSchema, versionSchema } from './identifiers.ts';
import { outcomeSchema } from './outcome.ts';
import { clientReportSchema, seqRangesSchema } from './push.ts';
import { jsonSchema } from './value.ts';

/**
 * A comparison on one readable column; a filter is the AND of its comparisons.
 * A row that no longer passes is sent as gone (`left`).
 */
export const comparisonSchema = z.strictObject({
  column: nameSchema,
  op: z.enum(['=', '!=', '<', '<=', '>', '>=', 'in', 'is-null', 'is-not-null']),
  value: z.optional(jsonSchema),
});
export type Comparison = z.infer<typeof comparisonSchema>;

/** What a client asks for among its scopes. Absent means everything it may hold. */
export const subscriptionSchema = z.strictObject({
  tables: z.optional(z.array(nameSchema)),
  scopes: z.optional(z.array(scopeSchema)),
  filters: z.optional(z.record(nameSchema, z.array(comparisonSchema).check(z.maxLength(16)))),
});
export type Subscription = z.infer<typeof subscriptionSchema>;

/** The longest cursor token, in characters. */
export const MAX_CURSOR_LENGTH = 262_144;

/**
 * Header of a page after which there is more: the cursor of its tail, so that the next
 * page can be asked for before this one has arrived. A hint: the tail is what counts.
 */
export const NEXT_CURSOR_HEADER = 'satchel-next';

/** The most rows that a client may ask for in one page. */
export const MAX_PAGE_ROWS = 20_000;

/**
 * `POST /v1/pull`: what is new since `cursor` (`null`: everything). With
 * `If-None-Match: "<digest of the cursor>"` the server answers 304 when nothing is.
 */
export const pullRequestSchema = z.strictObject({
  protocolVersion: z.number().check(z.int()),
  schemaVersion: z.number().check(z.int(), z.positive()),
  clientId: uuidSchema,
  cursor: z.nullable(z.string().check(z.maxLength(MAX_CURSOR_LENGTH))),
  subscription: z.optional(subscriptionSchema),
  /**
   * Rows that a page should hold, where the client knows its line: more on a good one
   * save round trips, fewer on a bad one are lost with a cut. Absent: the server's own.
   */
  pageRows: z.optional(z.number().check(z.int(), z.positive(), z.maximum(MAX_PAGE_ROWS))),
  settled: z.optional(z.array(seqRangesSchema)),
  /**
   * The client takes rows in brief (`own` and `patch` lines), and asks again without
   * this where it does not hold what they stand on. Absent: all rows come whole.
   */
  brief: z.optional(z.boolean()),
  client: z.optional(clientReportSchema),
});
export type PullRequest = z.infer<typeof pullRequestSchema>;

/**
 * A page is what a client takes in as one local transaction, by pull or live: JSON
 * lines, a `head`, then any number of `scope`, `outcomes`, `gone`, `own`, `patch`,
 * `rows` and `swept` lines, then a `tail`.
 *
 * A page is applied only if `head.from` is the digest of the stored cursor; else it
 * is dropped and the client pulls. `tail.checkpoint` says that with this page the
 * view is complete and consistent. A page whose `from` is `null` starts over: scopes
 * that it does not name are no longer the client's.
 *
 * A row is taken when its version is not below the client's: of the same version it may
 * have other columns. A hold is added in any case.
 */
export const headLineSchema = z.object({
  line: z.literal('head'),
  /** Digest of the cursor that this page starts from; `null` for none. */
  from: z.nullable(z.string()),
  epoch: z.string(),
  serverTime: z.number(),
  /** The app's schema version that names and values of this page are in: the client's own. */
  schemaVersion: z.number(),
  /**
   * Whether the server may have lost work that it had acknowledged (it was restored,
   * or failed over): the client offers again what it has settled.
   */
  offer: z.boolean(),
  /**
   * - `backfill`: rows of a copy, taken in at once.
   * - `delta`: a whole delta, one transaction. One that comes while a copy is running is
   *   no checkpoint.
   * - `delta-part`: one page of a delta too large for one answer; the client stages it,
   *   and takes in all of them together with the `delta-part` page whose tail says
   *   `checkpoint`, in order.
   */
  mode: z.enum(['backfill', 'delta', 'delta-part']),
});
/**
 * A scope begins to be copied (`backfill`), is copied anew (`reset`: mark, replace,
 * sweep), or is no longer the client's (`left`). A `backfill` of a scope that the
 * client holds already is a `reset`.
 */
export const scopeLineSchema = z.object({
  line: z.literal('scope'),
  scope: scopeSchema,
  action: z.enum(['backfill', 'reset', 'left']),
  /** Only these tables of the scope (a column or the table became visible or hidden, a filter changed); absent: all. */
  tables: z.optional(z.array(nameSchema)),
});
/**
 * Rows present in a scope, as columns: `columns.name[i]` belongs to `keys[i]`. Columns
 * of the primary key stand in the key and not in `columns`; a column that is not here
 * is hidden from the client and null on it.
 */
export const rowsLineSchema = z.object({
  line: z.literal('rows'),
  scope: scopeSchema,
  table: nameSchema,
  keys: z.array(keySchema),
  versions: z.array(versionSchema),
  columns: z.record(nameSchema, z.array(jsonSchema)),
});
/**
 * Rows present in a scope that the client wrote itself, at the versions that its
 * outcomes told: it has them. A client that holds one at another version takes nothing
 * of the page and asks for whole rows.
 */
export const ownLineSchema = z.object({
  line: z.literal('own'),
  scope: scopeSchema,
  table: nameSchema,
  keys: z.array(keySchema),
  versions: z.array(versionSchema),
});
/**
 * Rows present in a scope, by the columns that are not as they were at the version
 * `bases`. A client that holds another version than that (or than `versions`, or a later
 * one) takes nothing of the page and asks for whole rows.
 */
export const patchLineSchema = z.object({
  line: z.literal('patch'),
  scope: scopeSchema,
  table: nameSchema,
  keys: z.array(keySchema),
  bases: z.array(versionSchema),
  versions: z.array(versionSchema),
  columns: z.record(nameSchema, z.array(jsonSchema)),
});
/** Rows that went from a scope: `deleted`, or `left` (moved out, or no longer passes the filter). */
export const goneLineSchema = z.object({
  line: z.literal('gone'),
  scope: scopeSchema,
  table: nameSchema,
  keys: z.array(keySchema),
  versions: z.array(versionSchema),
  reasons: z.array(z.enum(['deleted', 'left'])),
});
/** The copy of a scope (of `tables` of it) is complete: rows marked by `reset` and not replaced go now. */
export const sweptLineSchema = z.object({
  line: z.literal('swept'),
  scope: scopeSchema,
  tables: z.optional(z.array(nameSchema)),
});
/** Outcomes of the receiver's own mutations that are visible in the same snapshot as the rows. */
export const outcomesLineSchema = z.object({ line: z.literal('outcomes'), outcomes: z.array(outcomeSchema) });
/**
 * Stands for head and tail in a page of a live session that has had a whole one: a delta
 * that is a checkpoint, of the same epoch and schema version as the page before. The
 * cursor after it is the one before moved to the place `at` (`tokenAt`).
 */
export const stepLineSchema = z.object({
  line: z.literal('step'),
  /** The first `STEP_DIGEST_LENGTH` characters of the digest of the cursor that it starts from. */
  from: z.string(),
  serverTime: z.number(),
  at: z.string().check(z.maxLength(MAX_CURSOR_LENGTH)),
});
/** Characters of a digest that tell two cursors of one session apart: 64 bits. */
export const STEP_DIGEST_LENGTH = 16;
export const tailLineSchema = z.object({
  line: z.literal('tail'),
  cursor: z.string(),
  checkpoint: z.boolean(),
  /** True: pull again at once, there is more. */
  more: z.boolean(),
  /** Rows still to come in the running backfill, an estimate for progress bars. */
  remaining: z.optional(z.number()),
});

export const pageLineSchema = z.discriminatedUnion('line', [
  headLineSchema,
  scopeLineSchema,
  rowsLineSchema,
  ownLineSchema,
  patchLineSchema,
  goneLineSchema,
  sweptLineSchema,
  outcomesLineSchema,
  tailLineSchema,
  stepLineSchema,
]);
export type HeadLine = z.infer<typeof headLineSchema>;
export type ScopeLine = z.infer<typeof scopeLineSchema>;
export type RowsLine = z.infer<typeof rowsLineSchema>;
export type OwnLine = z.infer<typeof ownLineSchema>;
export type PatchLine = z.infer<typeof patchLineSchema>;
export type GoneLine = z.infer<typeof goneLineSchema>;
export type SweptLine = z.infer<typeof sweptLineSchema>;
export type OutcomesLine = z.infer<typeof outcomesLineSchema>;
export type StepLine = z.infer<typeof stepLineSchema>;
export type TailLine = z.infer<typeof tailLineSchema>;
export type PageLine = z.infer<typeof pageLineSchema>;
