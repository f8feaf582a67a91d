import { MAX_PAGE_ROWS } from '@satchel/protocol';
import * as z from 'zod/mini';
import { deviceShape, rowShape, timeShape } from '../shapes.ts';

export const pullBody = z.object({
  device_id: deviceShape,
  /** The `timestamp` of the last answer; absent or null: everything. */
  last_sync_timestamp: z.optional(z.nullable(timeShape)),
  tables: z.optional(z.nullable(z.array(z.string()))),
  /** Rows of a page of a first copy, for clients that look at `has_more`. Default: all in one answer, up to 32 MB. */
  limit: z.optional(z.number().check(z.int(), z.positive(), z.maximum(MAX_PAGE_ROWS))),
});

const conflictShape = z.object({
  table: z.string(),
  record_id: z.string(),
  client_data: z.nullable(rowShape),
  server_data: z.nullable(rowShape),
  /** For `POST /v1/conflicts/{id}/resolve`; null where nothing is left to decide. */
  conflict_id: z.nullable(z.string()),
  status: z.enum(['open', 'resolved', 'refused']),
  resolution: z.nullable(z.string()),
  error: z.nullable(z.string()),
});

export const pullAnswer = z.object({
  success: z.literal(true),
  timestamp: z.string(),
  changes: z.record(z.string(), z.array(rowShape)),
  conflicts: z.nullable(z.array(conflictShape)),
  /** Ask again with this `timestamp`: there is more than one answer holds. */
  has_more: z.boolean(),
  /** What the device holds of these tables and is not sent (until `has_more` is false) is gone. */
  full_sync: z.boolean(),
});

export const pushBody = z.object({
  device_id: deviceShape,
  /** The `timestamp` of the last pull. */
  timestamp: z.optional(z.nullable(timeShape)),
  changes: z.record(z.string(), z.array(rowShape)),
});

export const pushAnswer = z.object({
  /** False where some record was refused: see `errors`. */
  success: z.boolean(),
  timestamp: z.string(),
  applied: z.record(z.string(), z.array(rowShape)),
  conflicts: z.array(conflictShape),
  errors: z.array(
    z.object({ table: z.string(), record_id: z.string(), code: z.string(), error: z.string() }),
  ),
});

export const statusAnswer = z.object({
  status: z.literal('online'),
  timestamp: z.string(),
  version: z.string(),
  tables: z.array(z.string()),
  /** Devices heard of within 24 hours. */
  active_devices: z.number(),
  last_sync: z.record(z.string(), z.string()),
});
