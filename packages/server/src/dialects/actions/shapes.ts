import * as z from 'zod/mini';
import { anyJson, deviceShape, rowShape, timeShape } from '../shapes.ts';

export const actionShape = z.object({
  /** Made by the device, once for each action; a repeat gets the first answer. */
  client_id: z.string().check(z.minLength(1), z.maxLength(512)),
  /** `create_report`, `update_task_status`, `delete_report`. */
  action_type: z.string(),
  entity_type: z.string(),
  timestamp: timeShape,
  data: rowShape,
  /** The row that an update or deletion is about, where `data` does not say it. */
  entity_id: z.optional(z.nullable(anyJson)),
});

export const uploadBody = z.object({
  device_id: deviceShape,
  /** The `sync_timestamp` of the last download. */
  last_sync_timestamp: z.optional(z.nullable(timeShape)),
  actions: z.array(actionShape),
});

/** The server's whole number where the table has one, else the row's key. */
const serverId = z.nullable(z.union([z.number(), z.string()]));

export const conflictShape = z.object({
  conflict_id: z.nullable(z.string()),
  client_id: z.nullable(z.string()),
  entity_type: z.string(),
  entity_id: z.string(),
  server_id: serverId,
  client_data: z.nullable(rowShape),
  server_data: z.nullable(rowShape),
  status: z.enum(['open', 'resolved', 'refused']),
  resolution: z.nullable(z.string()),
  resolved_data: z.nullable(rowShape),
  message: z.string(),
});

export const uploadAnswer = z.object({
  success: z.literal(true),
  results: z.array(
    z.object({
      client_id: z.string(),
      status: z.enum(['success', 'conflict', 'pending', 'error']),
      server_id: serverId,
      message: z.string(),
      entity_id: z.optional(z.string()),
      conflict_id: z.optional(z.string()),
      code: z.optional(z.string()),
    }),
  ),
  conflicts: z.array(conflictShape),
  sync_timestamp: z.string(),
});

export const downloadAnswer = z.object({
  success: z.literal(true),
  data: z.record(z.string(), z.array(rowShape)),
  sync_timestamp: z.string(),
  has_more: z.boolean(),
  full_sync: z.boolean(),
  conflicts: z.array(conflictShape),
});

export const SYNC_HEALTH = ['good', 'delayed', 'attention', 'failing'] as const;

export const statusAnswer = z.object({
  device_id: z.string(),
  last_sync: z.nullable(z.string()),
  last_upload: z.nullable(z.string()),
  last_download: z.nullable(z.string()),
  pending_uploads: z.number(),
  conflicts: z.number(),
  sync_health: z.enum(SYNC_HEALTH),
});

export const conflictsAnswer = z.object({
  success: z.literal(true),
  conflicts: z.array(conflictShape),
  /** For `after`, where there are more. */
  next: z.nullable(z.string()),
});

export const resolveBody = z.object({
  conflict_id: z.string(),
  resolution: z.string(),
  /** With `merge`: the values that the row shall have. */
  resolved_data: z.optional(z.nullable(rowShape)),
  device_id: z.optional(deviceShape),
  note: z.optional(z.string().check(z.maxLength(4_096))),
});

export const resolveAnswer = z.object({
  success: z.literal(true),
  conflict: conflictShape,
  message: z.string(),
});
