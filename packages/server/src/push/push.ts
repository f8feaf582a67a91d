import { hlcFromText } from '@satchel/core';
import {
  invariant,
  type PushAnswer,
  type PushRequest,
  type PushResponse,
  SatchelError,
} from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import { speakerOf } from '../clients/heard.ts';
import type { ServerContext } from '../context.ts';
import { announce } from '../live/announce.ts';
import { recentUpdates } from '../live/recent.ts';
import { countReceived } from '../operate/received.ts';
import { keepRefused } from '../operate/refused.ts';
import { together } from '../postgres/together.ts';
import { checkVersions } from '../pull/reader.ts';
import type { Job } from './apply.ts';
import { inChunks } from './chunks.ts';
import { releaseHeldBy } from './held.ts';
import { runOf } from './known.ts';
import { checkOrigins } from './origins.ts';
import { prepare } from './prepare.ts';
import { keepBatch, type RequestOrigin } from './receive.ts';
import { noteRenaming } from './renaming.ts';
import { type JobDone, runJob } from './run-job.ts';
import { inRunOrder } from './run-order.ts';
import { showAnswers } from './shown-answers.ts';
import type { Submitted } from './submitted.ts';
import type { NetEffect } from './write-rows.ts';

/**
 * Takes in some mutations of one client: the request is kept as it came, then its
 * mutations are tried, each one whole or not at all. Answers come in the order of the
 * mutations, in the sender's view.
 *
 * @throws `batch_too_large`, `protocol_…`, `schema_…`, `client_of_other_user`,
 * `client_revoked`, `server_busy`: whatever was settled before it is told when the same
 * is sent again
 */
export const push = async (
  ctx: ServerContext,
  principal: Principal,
  request: PushRequest,
  raw: string,
  origin: RequestOrigin = {},
): Promise<PushResponse> => {
  checkVersions(ctx, request);
  const { length } = request.mutations;
  if (length > ctx.limits.batchMutations) {
    throw new SatchelError('batch_too_large', { mutations: length, limit: ctx.limits.batchMutations });
  }
  const report = {
    runId: request.runId,
    sentAt: hlcFromText(request.sentAt).millis,
    client: request.client,
    direction: 'up' as const,
  };
  const keep = origin.isKept === true ? undefined : keepBatch(principal, request, raw, origin);
  const { newClient, note } = await speakerOf(ctx, ctx.db, principal, request.clientId, report, keep);
  await noteRenaming(ctx, request);
  const made: NetEffect[] = [];
  const took = (done: JobDone): void => {
    for (const update of done.updates) recentUpdates(ctx).note(update);
    announce(ctx);
    if (done.someHeld) made.push(...done.effects);
  };
  const [{ answers, serverTime, epoch }] = await together([
    takeIn(ctx, principal, request, 'push', took),
    note(),
  ]);
  await releaseHeldBy(ctx, made);
  countReceived(ctx, request, answers);
  await keepRefused(ctx, principal, request, answers);
  return {
    batchId: request.batchId,
    serverTime,
    epoch,
    ...(newClient ? { newClient } : {}),
    answers: await showAnswers(ctx, principal, request.schemaVersion, answers),
  };
};

export interface TakenIn {
  /** In the order of the mutations, before anybody's view. */
  readonly answers: readonly PushAnswer[];
  readonly serverTime: number;
  readonly epoch: string;
}

/** Tries the mutations of a request, whose raw text is kept. */
export const takeIn = async (
  ctx: ServerContext,
  principal: Principal,
  request: PushRequest,
  source: Job['source'],
  /** Called after each commit. */
  took: (done: JobDone) => void = () => {},
): Promise<TakenIn> => {
  const submitted = request.mutations.map((mutation) => prepare(ctx.app, principal, request, mutation));
  const first = firstOfEach(submitted);
  const job: Omit<Job, 'submitted'> = {
    principal,
    source,
    batchId: request.batchId,
    outstandingFrom: new Map(
      request.outstandingFrom === undefined ? [] : [[runOf(request), request.outstandingFrom]],
    ),
    rulings: new Map(),
  };
  const answers = new Map<string, PushAnswer>();
  let serverTime = ctx.clock.now();
  let epoch = '';
  const ordered = inRunOrder(await checkOrigins(ctx, principal, [...first.values()]));
  for await (const chunk of inChunks(ctx, ordered)) {
    const done = await runJob(ctx, { ...job, submitted: chunk });
    for (const [id, answer] of done.answers) answers.set(id, answer);
    serverTime = done.now;
    epoch = done.epoch;
    took(done);
  }
  const answerTo = ({ mutation: { mutationId }, hash }: Submitted): PushAnswer => {
    if (first.get(mutationId)?.hash !== hash) return reused(mutationId);
    const answer = answers.get(mutationId);
    invariant(answer, 'every mutation has its answer');
    return answer;
  };
  return { answers: submitted.map(answerTo), serverTime, epoch };
};

/** A mutation that stands in a request twice is taken once. */
const firstOfEach = (submitted: readonly Submitted[]): ReadonlyMap<string, Submitted> => {
  const first = new Map<string, Submitted>();
  for (const one of submitted) {
    if (!first.has(one.mutation.mutationId)) first.set(one.mutation.mutationId, one);
  }
  return first;
};

const reused = (mutationId: string): PushAnswer => {
  const problem = new SatchelError('id_reused', { mutationId }).toProblem();
  return { kind: 'outcome', outcome: { mutationId, outcome: 'rejected', changes: [], problem } };
};
