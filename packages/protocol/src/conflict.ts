import * as z from 'zod/mini';
import { keySchema, nameSchema, uuidSchema } from './identifiers.ts';
import { jsonSchema, valuesSchema } from './value.ts';

export const DECISIONS = ['accept-client', 'accept-server', 'merged', 'escalated'] as const;
export const decisionSchema = z.enum(DECISIONS);
export type Decision = (typeof DECISIONS)[number];

/** `update`: two values of one field. `delete`: a delete against an edit. `insert`: one key twice. `unique`: one unique value twice. `schema`: written against another version. */
export const conflictKindSchema = z.enum(['update', 'delete', 'insert', 'unique', 'schema']);
export type ConflictKind = z.infer<typeof conflictKindSchema>;

/** The durable record of a clash, in the receiver's view. */
export const conflictSchema = z.object({
  conflictId: uuidSchema,
  table: nameSchema,
  key: keySchema,
  kind: conflictKindSchema,
  state: z.enum(['open', 'escalated', 'settled']),
  mutationIds: z.array(uuidSchema),
  clientId: z.optional(uuidSchema),
  author: z.string(),
  deviceName: z.optional(z.string()),
  /** When the edit was made, by the device's stamp. */
  clientAt: z.optional(z.number()),
  /** Who wrote what the server had, when, and on which device: as far as the audit knows and the receiver may. */
  serverBy: z.optional(z.string()),
  serverAt: z.optional(z.number()),
  serverDevice: z.optional(z.string()),
  /** The columns that clash. */
  columns: z.array(nameSchema),
  /** Kind `unique`: the row that has the value, if the receiver may see it. */
  holder: z.optional(keySchema),
  base: z.nullable(valuesSchema),
  client: z.nullable(valuesSchema),
  server: z.nullable(valuesSchema),
  result: z.nullable(valuesSchema),
  policy: z.string(),
  reason: z.optional(z.string()),
  flags: z.array(z.string()),
  decision: z.optional(decisionSchema),
  decidedBy: z.optional(z.string()),
  note: z.optional(z.string()),
  createdAt: z.number(),
  decidedAt: z.optional(z.number()),
  expiresAt: z.optional(z.number()),
});
export type Conflict = z.infer<typeof conflictSchema>;

/** `GET /v1/conflicts`: newest first, `after` is the `next` of the page before. */
export const conflictListSchema = z.object({
  conflicts: z.array(conflictSchema),
  next: z.optional(z.string()),
});
export type ConflictList = z.infer<typeof conflictListSchema>;

/**
 * `POST /v1/conflicts/{id}/resolve`: settle a clash whole (`decision`) or field by
 * field (`fields`, which makes the decision `merged`).
 */
export const resolveRequestSchema = z.strictObject({
  decision: decisionSchema,
  fields: z.optional(
    z.record(
      nameSchema,
      z.discriminatedUnion('take', [
        z.strictObject({ take: z.literal('client') }),
        z.strictObject({ take: z.literal('server') }),
        z.strictObject({ take: z.literal('value'), value: jsonSchema }),
      ]),
    ),
  ),
  note: z.optional(z.string().check(z.maxLength(4_096))),
});
export type ResolveRequest = z.infer<typeof resolveRequestSchema>;
