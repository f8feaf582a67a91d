import * as z from 'zod/mini';
import { conflictSchema, DECISIONS } from './conflict.ts';
import { keySchema, nameSchema, uuidSchema } from './identifiers.ts';
import { problemSchema } from './outcome.ts';

/** A push request in a list: `GET /v1/batches`. Its text is in `GET /v1/batches/{id}`. */
export const batchSummarySchema = z.object({
  batchId: uuidSchema,
  clientId: uuidSchema,
  userId: z.string(),
  deviceName: z.optional(z.string()),
  receivedAt: z.number(),
  channel: z.string(),
  bytes: z.number(),
  mutations: z.number(),
});
export type BatchSummary = z.infer<typeof batchSummarySchema>;
export const batchListSchema = z.object({
  batches: z.array(batchSummarySchema),
  next: z.optional(z.string()),
});
export type BatchList = z.infer<typeof batchListSchema>;

/** What did not go through: refused (in quarantine on its device), or waiting for a row or a person. */
export const ITEM_STATES = ['rejected', 'held', 'review'] as const;
export const itemSchema = z.object({
  mutationId: uuidSchema,
  clientId: uuidSchema,
  userId: z.string(),
  deviceName: z.optional(z.string()),
  batchId: z.optional(uuidSchema),
  receivedAt: z.number(),
  state: z.enum(ITEM_STATES),
  /** Why it was refused. */
  problem: z.optional(problemSchema),
  changes: z.array(z.object({ table: nameSchema, key: keySchema })),
});
export type Item = z.infer<typeof itemSchema>;
/** `GET /v1/items`, the newest first. */
export const itemListSchema = z.object({ items: z.array(itemSchema), next: z.optional(z.string()) });
export type ItemList = z.infer<typeof itemListSchema>;

/** The most conflicts that one request may settle. */
export const MAX_RESOLVED_AT_ONCE = 500;

/** `POST /v1/conflicts/resolve`: one decision for several conflicts, each for itself. */
export const resolveManyRequestSchema = z.strictObject({
  conflictIds: z.array(uuidSchema).check(z.minLength(1), z.maxLength(MAX_RESOLVED_AT_ONCE)),
  decision: z
    .enum(DECISIONS)
    .check(z.refine((decision) => decision !== 'merged', 'expected a decision for whole rows')),
  note: z.optional(z.string().check(z.maxLength(4_096))),
});
export type ResolveManyRequest = z.infer<typeof resolveManyRequestSchema>;
/** In the order of the request: the conflict as it now is, or why it stays. */
export const resolveManyResponseSchema = z.object({
  results: z.array(
    z.object({
      conflictId: uuidSchema,
      conflict: z.optional(conflictSchema),
      problem: z.optional(problemSchema),
    }),
  ),
});
export type ResolveManyResponse = z.infer<typeof resolveManyResponseSchema>;

/** A share of 1; `null` where there is nothing to take a share of. */
const rateSchema = z.nullable(z.number());
/** Milliseconds; `null` where nothing was measured. */
const durationSchema = z.nullable(z.number());

/** `GET /v1/figures`: what came of sync between two times, both of the server's clock. */
export const figuresSchema = z.object({
  since: z.number(),
  until: z.number(),
  /** Runs of devices' sync loops, as devices report them. */
  syncs: z.object({
    total: z.number(),
    succeeded: z.number(),
    successRate: rateSchema,
    meanMs: durationSchema,
    p95Ms: durationSchema,
    sentBytes: z.number(),
    receivedBytes: z.number(),
  }),
  /** Changes that got an outcome, by what it was. */
  changes: z.object({
    received: z.number(),
    applied: z.number(),
    merged: z.number(),
    superseded: z.number(),
    review: z.number(),
    rejected: z.number(),
  }),
  conflicts: z.object({
    total: z.number(),
    rate: rateSchema,
    byTable: z.array(
      z.object({ table: nameSchema, changes: z.number(), conflicts: z.number(), rate: rateSchema }),
    ),
    /** Of updates: changes and conflicts of each column. */
    byColumn: z.array(
      z.object({
        table: nameSchema,
        column: nameSchema,
        changes: z.number(),
        conflicts: z.number(),
        rate: rateSchema,
      }),
    ),
  }),
  /** Why runs failed and changes were refused, by code, the most frequent first. */
  failures: z.array(z.object({ code: z.string(), syncs: z.number(), changes: z.number() })),
  /** By user, the time in which written work waited for more than a minute until it arrived. */
  offline: z.array(
    z.object({ userId: z.string(), changes: z.number(), totalMs: z.number(), longestMs: z.number() }),
  ),
  /** How old news was when devices were handed it; of a sample. */
  consistency: z.object({
    samples: z.number(),
    devices: z.number(),
    p50Ms: durationSchema,
    p95Ms: durationSchema,
    maxMs: durationSchema,
  }),
  /** What waits on devices, by user, the longest queue first; as they said when last heard. */
  queues: z.array(
    z.object({
      userId: z.string(),
      devices: z.number(),
      pending: z.number(),
      failed: z.number(),
      quarantined: z.number(),
    }),
  ),
});
export type Figures = z.infer<typeof figuresSchema>;

export const ALERT_KINDS = ['conflict-rate', 'unacknowledged'] as const;
/** An alert to operators; it stands until `fellAt`. */
export const operatorAlertSchema = z.object({
  alertId: uuidSchema,
  kind: z.enum(ALERT_KINDS),
  /** What it is about, within its kind. */
  subject: z.string(),
  raisedAt: z.number(),
  fellAt: z.optional(z.number()),
  /** Numbers, names of tables and keys; never what a row holds. */
  facts: z.record(z.string(), z.union([z.string(), z.number()])),
  /** When the webhook took it. */
  deliveredAt: z.optional(z.number()),
  attempts: z.number(),
});
export type OperatorAlert = z.infer<typeof operatorAlertSchema>;
/** `GET /v1/alerts`, the newest first. */
export const operatorAlertListSchema = z.object({
  alerts: z.array(operatorAlertSchema),
  next: z.optional(z.string()),
});
export type OperatorAlertList = z.infer<typeof operatorAlertListSchema>;
