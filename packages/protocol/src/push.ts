import * as z from 'zod/mini';
import { hlcSchema, uuidSchema } from './identifiers.ts';
import { mutationSchema } from './mutation.ts';
import { pushAnswerSchema } from './outcome.ts';

/** Ranges of `seq`, both ends included, ascending, of one run. */
export const seqRangesSchema = z.strictObject({
  runId: uuidSchema,
  ranges: z.array(z.tuple([z.number().check(z.int()), z.number().check(z.int())])),
});
export type SeqRanges = z.infer<typeof seqRangesSchema>;

/** A run of the client's sync loop that has ended; times are of its own clock. */
export const runReportSchema = z.strictObject({
  startedAt: z.number().check(z.int(), z.nonnegative()),
  endedAt: z.number().check(z.int(), z.nonnegative()),
  trigger: z.string().check(z.maxLength(32)),
  /** Bytes on the wire. */
  sent: z.number().check(z.int(), z.nonnegative()),
  received: z.number().check(z.int(), z.nonnegative()),
  rowsDown: z.number().check(z.int(), z.nonnegative()),
  mutationsUp: z.number().check(z.int(), z.nonnegative()),
  /** Error code; absent where the run went through. */
  problem: z.optional(z.string().check(z.maxLength(64))),
});
export type RunReport = z.infer<typeof runReportSchema>;

/** The most runs that one report tells of; the newest are told. */
export const MAX_RUNS_TOLD = 50;

/** What a client says of itself; shown to administrators, never trusted for rights. */
export const clientReportSchema = z.strictObject({
  deviceName: z.optional(z.string().check(z.maxLength(128))),
  platform: z.optional(z.string().check(z.maxLength(64))),
  appVersion: z.optional(z.string().check(z.maxLength(64))),
  /** Mutations waiting in the outbox. */
  pending: z.optional(z.number().check(z.int(), z.nonnegative())),
  /** Of them, those not answered after the last attempt. */
  failed: z.optional(z.number().check(z.int(), z.nonnegative())),
  /** Mutations that were refused, or the right to which is gone. */
  quarantined: z.optional(z.number().check(z.int(), z.nonnegative())),
  /** Runs that have ended since those that were last told; one that comes twice counts once. */
  runs: z.optional(z.array(runReportSchema).check(z.maxLength(MAX_RUNS_TOLD))),
});
export type ClientReport = z.infer<typeof clientReportSchema>;

/**
 * `POST /v1/push`: some mutations of one client. The request is stored raw under
 * `batchId` before its mutations are tried; one bad mutation never blocks another.
 * Answers come in the order of the mutations.
 */
export const pushRequestSchema = z.strictObject({
  protocolVersion: z.number().check(z.int()),
  schemaVersion: z.number().check(z.int(), z.positive()),
  batchId: uuidSchema,
  clientId: uuidSchema,
  runId: uuidSchema,
  /** The client's stamp when it sent the batch: the server reads its clock's offset from it. */
  sentAt: hlcSchema,
  client: z.optional(clientReportSchema),
  /**
   * The seq from which mutations of this run use the keys of `new-key` outcomes: the
   * next seq at the time of the run's last renaming. Absent while the run has renamed nothing.
   */
  renamedFrom: z.optional(z.number().check(z.int())),
  /**
   * The lowest seq of this run that the client still has unsettled: everything below
   * it needs no waiting for. Absent: the client does not say.
   */
  outstandingFrom: z.optional(z.number().check(z.int(), z.positive())),
  /** In the order in which they were written: later runs after earlier ones. */
  mutations: z.array(mutationSchema).check(z.minLength(1)),
});
export type PushRequest = z.infer<typeof pushRequestSchema>;

export const pushResponseSchema = z.object({
  batchId: uuidSchema,
  serverTime: z.number(),
  epoch: z.string(),
  /**
   * True when this run was overtaken by a later one: the database was restored or
   * cloned. The client takes a new client id for new work; old mutations keep theirs.
   */
  newClient: z.optional(z.boolean()),
  answers: z.array(pushAnswerSchema),
});
export type PushResponse = z.infer<typeof pushResponseSchema>;

/** `POST /v1/ack`: what the client has durably settled, so that stored outcomes can be collected. */
export const ackRequestSchema = z.strictObject({
  clientId: uuidSchema,
  settled: z.array(seqRangesSchema),
});
export type AckRequest = z.infer<typeof ackRequestSchema>;
export const ackResponseSchema = z.object({ serverTime: z.number() });
export type AckResponse = z.infer<typeof ackResponseSchema>;
