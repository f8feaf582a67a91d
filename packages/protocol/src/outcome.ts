import * as z from 'zod/mini';
import { keySchema, nameSchema, uuidSchema, versionSchema } from './identifiers.ts';
import { jsonSchema, valuesSchema } from './value.ts';

/** Outcomes from the mildest to the gravest; a mutation's is the gravest of its changes'. */
export const OUTCOMES = ['applied', 'merged', 'superseded', 'review', 'rejected'] as const;
export const outcomeKindSchema = z.enum(OUTCOMES);
export type OutcomeKind = (typeof OUTCOMES)[number];

/** An error as data: the stable code and the values for its text. */
export const problemSchema = z.object({
  code: z.string().check(z.maxLength(64)),
  params: z.record(z.string(), jsonSchema),
});
export type Problem = z.infer<typeof problemSchema>;

/** What became of one change, in the order of the mutation's changes. */
export const changeOutcomeSchema = z.object({
  table: nameSchema,
  key: keySchema,
  outcome: outcomeKindSchema,
  /**
   * The row's version after the mutation, or that of its deletion by it; absent when
   * somebody else deleted the row.
   */
  version: z.optional(versionSchema),
  /**
   * The row after the mutation, in the receiver's view: sent when the receiver cannot
   * know it (merged, superseded, normalised, other columns changed meanwhile).
   * `null`: the row is gone.
   */
  row: z.optional(z.nullable(valuesSchema)),
  /** The key that the server gave instead (insert clash under `new-key`). */
  newKey: z.optional(keySchema),
  /** Columns whose value took effect; absent means all of the change's. */
  columns: z.optional(z.array(nameSchema)),
  conflictId: z.optional(uuidSchema),
  problem: z.optional(problemSchema),
});
export type ChangeOutcome = z.infer<typeof changeOutcomeSchema>;

/** The final answer to a mutation. A repeat gets the first one, marked. */
export const outcomeSchema = z.object({
  mutationId: uuidSchema,
  outcome: outcomeKindSchema,
  repeat: z.optional(z.boolean()),
  /** True when the server no longer keeps the details, only that it was settled. */
  forgotten: z.optional(z.boolean()),
  changes: z.array(changeOutcomeSchema),
  problem: z.optional(problemSchema),
});
export type Outcome = z.infer<typeof outcomeSchema>;

/**
 * The answer to one pushed mutation: an outcome, or an interim answer that settles
 * nothing.
 *
 * - `held`: a row that it refers to is not there yet; the server keeps the mutation
 *   and tries it again when the row arrives.
 * - `needs-earlier`: it failed on a missing row, a reference or a unique value while
 *   earlier mutations of its run are not settled; send in seq order up to `seq`, its own.
 */
export const pushAnswerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('outcome'), outcome: outcomeSchema }),
  z.object({
    kind: z.literal('held'),
    mutationId: uuidSchema,
    parent: z.object({ table: nameSchema, key: keySchema }),
    until: z.number(),
  }),
  z.object({ kind: z.literal('needs-earlier'), mutationId: uuidSchema, seq: z.number() }),
]);
export type PushAnswer = z.infer<typeof pushAnswerSchema>;
