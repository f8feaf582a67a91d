import * as z from 'zod/mini';
import { uuidSchema } from './identifiers.ts';

/** A client as the server knows it: `GET /v1/clients` (administrators). */
export const clientRecordSchema = z.object({
  clientId: uuidSchema,
  userId: z.string(),
  deviceName: z.optional(z.string()),
  platform: z.optional(z.string()),
  appVersion: z.optional(z.string()),
  firstSeenAt: z.number(),
  lastHeardAt: z.number(),
  /** Mutations that the client said were waiting, when last heard. */
  pending: z.number(),
  /** Server time minus the client's clock, in milliseconds, when last heard. */
  clockOffset: z.optional(z.number()),
  revoked: z.optional(z.enum(['lock', 'wipe'])),
  lastUploadAt: z.optional(z.number()),
  lastDownloadAt: z.optional(z.number()),
  /** Of `pending`, those not answered after the last attempt. */
  failed: z.number(),
  /** Mutations that lie in quarantine there. */
  quarantined: z.number(),
  /** Conflicts of its mutations that wait for a decision. */
  openConflicts: z.number(),
  /** Mutations of it that the server refused, ever. */
  refused: z.number(),
  /** The last run of its sync loop that it told of; times are of its own clock. */
  lastSync: z.optional(
    z.object({
      startedAt: z.number(),
      endedAt: z.number(),
      trigger: z.string(),
      problem: z.optional(z.string()),
    }),
  ),
});
export type ClientRecord = z.infer<typeof clientRecordSchema>;
export const clientListSchema = z.object({ clients: z.array(clientRecordSchema) });
export type ClientList = z.infer<typeof clientListSchema>;
export const revokeRequestSchema = z.strictObject({ action: z.optional(z.enum(['lock', 'wipe'])) });
export type RevokeRequest = z.infer<typeof revokeRequestSchema>;

/** `GET /v1/status`: what the server knows of the asking client. */
export const statusResponseSchema = z.object({
  serverTime: z.number(),
  epoch: z.string(),
  protocolVersion: z.number(),
  protocolFloor: z.number(),
  schemaVersion: z.number(),
  scopes: z.array(z.string()),
  openConflicts: z.number(),
});
export type StatusResponse = z.infer<typeof statusResponseSchema>;

/** `POST /v1/batches/{id}/replay`: try a stored batch again; with `dryRun` nothing is kept. */
export const replayRequestSchema = z.strictObject({ dryRun: z.optional(z.boolean()) });
export type ReplayRequest = z.infer<typeof replayRequestSchema>;
