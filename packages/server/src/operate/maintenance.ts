import type { Random, Scheduler, Timer } from '@satchel/core';
import type { Log } from '../context.ts';
import { errorReport } from '../http/error-report.ts';
import type { Database } from '../postgres/database.ts';

/** Work that comes round again and again, beside requests. */
export interface Chore {
  readonly name: string;
  /** Milliseconds between the end of one run and the start of the next. */
  readonly every: number;
  /** True: on one node of a database at a time. */
  readonly alone: boolean;
  readonly run: () => Promise<unknown>;
}

export interface Maintenance {
  /** Runs one chore now, or waits for the run that is under way; errors are thrown to the caller. */
  run(name: string): Promise<void>;
  /** Starts nothing more and waits for what is under way. */
  stop(): Promise<void>;
}

/** After an error a chore comes again this soon, if not sooner anyway. Milliseconds. */
const AFTER_ERROR = 10_000;
/** Share of the interval by which a run is drawn earlier, so that nodes started together drift apart. */
const JITTER = 0.1;

/**
 * Chores under a lock at one time. Each holds a connection for its lock and needs another
 * for its work: after a machine slept all are due at once, and would take the whole pool
 * and wait for one another for ever. Two, so that a long one does not hold up the quick.
 */
const MOST_ALONE = 2;

/**
 * Runs each chore at its interval until stopped. A failing chore is logged and tried
 * again; it never stops the others.
 */
export const startMaintenance = (
  chores: readonly Chore[],
  given: {
    readonly db: Database;
    readonly scheduler: Scheduler;
    readonly random: Random;
    readonly log: Log;
  },
): Maintenance => {
  const timers = new Map<string, Timer>();
  const running = new Map<string, Promise<void>>();
  const turns = takingTurns(MOST_ALONE);
  let stopped = false;

  const runOnce = (chore: Chore): Promise<void> => {
    const under = running.get(chore.name);
    if (under !== undefined) return under;
    const work = (chore.alone ? turns(() => runAlone(given.db, chore)) : chore.run().then(() => {})).finally(
      () => running.delete(chore.name),
    );
    running.set(chore.name, work);
    return work;
  };
  const schedule = (chore: Chore, delay: number): void => {
    if (stopped) return;
    timers.set(
      chore.name,
      given.scheduler.after(delay * (1 - JITTER * given.random.next()), () => {
        runOnce(chore).then(
          () => schedule(chore, chore.every),
          (error: unknown) => {
            given.log.error({ chore: chore.name, error: errorReport(error) }, 'chore failed');
            schedule(chore, Math.min(chore.every, AFTER_ERROR));
          },
        );
      }),
    );
  };
  for (const chore of chores) schedule(chore, chore.every);

  return {
    run: async (name) => {
      const chore = chores.find((one) => one.name === name);
      if (chore !== undefined) await runOnce(chore);
    },
    stop: async () => {
      stopped = true;
      for (const timer of timers.values()) timer.cancel();
      await Promise.allSettled(running.values());
    },
  };
};

/**
 * Under an advisory lock that ends with its transaction, so that a node which dies
 * leaves nothing locked. The transaction itself reads and writes nothing: it holds
 * back neither vacuum nor cursors. Where another node is at it, nothing is done.
 */
const runAlone = (db: Database, chore: Chore): Promise<void> =>
  db.transaction('write', async (tx) => {
    const { rows } = await tx.query<{ mine: boolean }>(
      `select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as mine`,
      [`satchel chore ${chore.name}`],
      'operate_chore_lock',
    );
    if (rows[0]?.mine === true) await chore.run();
  });

/** At most so many at a time, in the order in which they came. */
const takingTurns = (most: number): ((work: () => Promise<void>) => Promise<void>) => {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((turn) => waiting.push(turn));
    try {
      await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
};
