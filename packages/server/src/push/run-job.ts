import { type Problem, type PushAnswer, SatchelError } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import type { RecentUpdate } from '../live/recent.ts';
import type { Transaction } from '../postgres/database.ts';
import { applyBatch, type Job, type Lessons } from './apply.ts';
import { problemOf, refusalOf } from './refused-by-database.ts';
import type { Submitted } from './submitted.ts';
import { TryAgain } from './try-again.ts';
import type { NetEffect } from './write-rows.ts';

/** Attempts at one batch when others are in the way, before the client is told to come again. */
const MAX_ATTEMPTS = 12;
/** Longest wait between them, in milliseconds. */
const MAX_WAIT = 200;

const NOTHING_LEARNT: Lessons = { probe: false, refused: new Map() };

export interface JobDone {
  readonly answers: ReadonlyMap<string, PushAnswer>;
  readonly now: number;
  readonly epoch: string;
  readonly effects: readonly NetEffect[];
  readonly updates: readonly RecentUpdate[];
  readonly someHeld: boolean;
}

/**
 * Takes a batch through as many attempts as it needs, each a transaction of its own.
 * The database's word against a batch is looked into, then the batch is cut in two
 * until the mutation is found that breaks the rule: the others go through.
 */
export const runJob = async (
  ctx: ServerContext,
  job: Job,
  lessons: Lessons = NOTHING_LEARNT,
): Promise<JobDone> => {
  let learnt = lessons;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    try {
      return await ctx.db.transaction('read-then-write', (tx) => applyBatch(ctx, tx, job, learnt));
    } catch (error) {
      if (error instanceof TryAgain) {
        learnt = withDenied(learnt, error.denied);
      } else {
        switch (refusalOf(error)) {
          case 'again':
            break;
          case 'server':
            throw error;
          case 'mutation':
            if (learnt.probe) return await cutInTwo(ctx, job, learnt, error);
            learnt = { ...learnt, probe: true };
            // What was found out is new: this costs no wait.
            continue;
        }
        await pause(ctx, attempt);
      }
    }
  }
  throw new SatchelError('server_busy');
};

/** One transaction, tried again when others were in its way. */
export const inTransaction = async <T>(
  ctx: ServerContext,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> => {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    try {
      return await ctx.db.transaction('write', work);
    } catch (error) {
      if (!(error instanceof TryAgain) && refusalOf(error) !== 'again') throw error;
      await pause(ctx, attempt);
    }
  }
  throw new SatchelError('server_busy');
};

/** What an attempt has shown of mutations that ended out of scope. */
export const withDenied = (lessons: Lessons, denied: readonly Submitted[]): Lessons => {
  const refused = new Map<string, Problem>(lessons.refused);
  for (const { mutation, changes } of denied) {
    const [change] = changes;
    const { table, key } = change ?? mutation.changes[0]!;
    refused.set(mutation.mutationId, new SatchelError('scope_denied', { table, key }).toProblem());
  }
  return { ...lessons, refused };
};

const cutInTwo = async (ctx: ServerContext, job: Job, lessons: Lessons, error: unknown): Promise<JobDone> => {
  const [only, ...more] = job.submitted;
  if (only !== undefined && more.length === 0) {
    if (lessons.refused.has(only.mutation.mutationId)) throw error;
    const refused = new Map(lessons.refused).set(only.mutation.mutationId, problemOf(ctx.app, error, only));
    return runJob(ctx, job, { ...lessons, refused });
  }
  const half = Math.ceil(job.submitted.length / 2);
  const first = await runJob(ctx, { ...job, submitted: job.submitted.slice(0, half) }, lessons);
  const second = await runJob(ctx, { ...job, submitted: job.submitted.slice(half) }, lessons);
  return {
    answers: new Map([...first.answers, ...second.answers]),
    now: second.now,
    epoch: second.epoch,
    effects: [...first.effects, ...second.effects],
    updates: [...first.updates, ...second.updates],
    someHeld: first.someHeld || second.someHeld,
  };
};

/** Longer each time and drawn at random, so that those who met do not meet again. */
const pause = (ctx: ServerContext, attempt: number): Promise<void> =>
  new Promise((resolve) => {
    ctx.scheduler.after(Math.min(MAX_WAIT, 2 ** attempt) * ctx.random.next(), resolve);
  });
