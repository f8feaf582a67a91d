import * as z from 'zod/mini';
import { deviceShape, rowShape } from '../shapes.ts';

const token = z.string().check(z.maxLength(300_000));

export const itemShape = z.object({
  /** The device's own name of a row that it makes. */
  client_temp_id: z.optional(z.nullable(z.string().check(z.minLength(1), z.maxLength(512)))),
  resource_type: z.string(),
  action: z.enum(['create', 'update', 'delete']),
  payload: z.optional(z.nullable(rowShape)),
  /** Rises with each edit of the row; or the `server_version` that the device had. */
  client_version: z.number().check(z.int(), z.nonnegative()),
});

export const pushBody = z.object({
  device_id: deviceShape,
  /** The `next_token` of the last pull. */
  client_sync_token: z.optional(z.nullable(token)),
  items: z.array(itemShape),
});

export const pushAnswer = z.object({
  batch_id: z.string(),
  processed_at: z.string(),
  server_sync_token: z.string(),
  results: z.array(
    z.object({
      client_temp_id: z.nullable(z.string()),
      status: z.enum(['ok', 'conflict', 'error']),
      server_id: z.nullable(z.string()),
      server_version: z.nullable(z.number()),
      error: z.optional(z.string()),
      code: z.optional(z.string()),
      conflict_id: z.optional(z.string()),
      server_payload: z.optional(z.nullable(rowShape)),
    }),
  ),
});

export const pullBody = z.object({
  since_token: z.optional(z.nullable(token)),
  device_id: z.optional(deviceShape),
  /** Rows of a page of a first copy. Default 1,000. */
  limit: z.optional(z.number().check(z.int(), z.positive(), z.maximum(20_000))),
});

export const conflictShape = z.object({
  id: z.string(),
  resource_type: z.string(),
  resource_id: z.string(),
  server_payload: z.nullable(rowShape),
  client_payload: z.nullable(rowShape),
  detected_at: z.string(),
  status: z.enum(['open', 'escalated', 'resolved']),
  resolution: z.nullable(z.string()),
  resolved_by: z.nullable(z.string()),
  resolved_at: z.nullable(z.string()),
  resolved_payload: z.nullable(rowShape),
  fields: z.array(z.string()),
  reason: z.nullable(z.string()),
});

export const pullAnswer = z.object({
  next_token: z.string(),
  changes: z.array(
    z.object({
      id: z.string(),
      resource_type: z.string(),
      action: z.enum(['create', 'update', 'delete']),
      payload: z.nullable(rowShape),
      server_version: z.number(),
    }),
  ),
  has_more: z.boolean(),
  full_sync: z.boolean(),
  /** Conflicts of the device's items that were settled since. */
  conflicts: z.array(conflictShape),
});

export const ackBody = z.object({ ack_token: token, device_id: z.optional(deviceShape) });
export const ackAnswer = z.object({ success: z.literal(true), acknowledged_at: z.string() });

export const resolveBody = z.object({
  resolution: z.string(),
  /** With `manual_merge`: the values that the row shall have. */
  payload: z.optional(z.nullable(rowShape)),
  device_id: z.optional(deviceShape),
  note: z.optional(z.string().check(z.maxLength(4_096))),
});

export const replayBody = z.object({ dry_run: z.optional(z.boolean()) });
export const replayAnswer = z.extend(pushAnswer, {
  dry_run: z.boolean(),
  server_sync_token: z.nullable(z.string()),
});
