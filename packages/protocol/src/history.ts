import * as z from 'zod/mini';
import { keySchema, nameSchema, uuidSchema, versionSchema } from './identifiers.ts';
import { valuesSchema } from './value.ts';

/** One thing that happened to a row, in the reader's view. */
export const historyEntrySchema = z.object({
  auditId: z.string(),
  at: z.number(),
  op: z.enum(['insert', 'update', 'delete']),
  before: z.nullable(valuesSchema),
  after: z.nullable(valuesSchema),
  version: z.optional(versionSchema),
  source: z.enum(['push', 'sql', 'resolve', 'undo', 'expire', 'replay', 'offer']),
  mutationId: z.optional(uuidSchema),
  clientId: z.optional(uuidSchema),
  userId: z.optional(z.string()),
  channel: z.optional(z.string()),
  deviceName: z.optional(z.string()),
  /** The clash that this write went through, and by which rule. */
  rule: z.optional(
    z.object({
      conflictId: uuidSchema,
      policy: z.string(),
      reason: z.optional(z.string()),
      decision: z.optional(z.string()),
      decidedBy: z.optional(z.string()),
    }),
  ),
});
export type HistoryEntry = z.infer<typeof historyEntrySchema>;

/** `GET /v1/history/{table}/{key}`: newest first; `before` is the `next` of the page before. */
export const rowHistorySchema = z.object({
  table: nameSchema,
  key: keySchema,
  entries: z.array(historyEntrySchema),
  next: z.optional(z.string()),
});
export type RowHistory = z.infer<typeof rowHistorySchema>;
