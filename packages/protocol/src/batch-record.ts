import * as z from 'zod/mini';
import { uuidSchema } from './identifiers.ts';
import { pushAnswerSchema } from './outcome.ts';

/** `GET /v1/batches/{id}`: a push request as it came, and what became of its mutations. */
export const batchRecordSchema = z.object({
  batchId: uuidSchema,
  clientId: uuidSchema,
  receivedAt: z.number(),
  requestId: z.optional(z.string()),
  channel: z.string(),
  /** The body of the request, byte for byte. */
  body: z.string(),
  mutations: z.array(
    z.object({
      mutationId: uuidSchema,
      state: z.enum(['settled', 'held', 'review']),
      outcome: z.optional(z.string()),
    }),
  ),
});
export type BatchRecord = z.infer<typeof batchRecordSchema>;

/** The answer to a replay: as to the push itself. With `dryRun` nothing of it was kept. */
export const replayResponseSchema = z.object({
  batchId: uuidSchema,
  dryRun: z.boolean(),
  answers: z.array(pushAnswerSchema),
});
export type ReplayResponse = z.infer<typeof replayResponseSchema>;
