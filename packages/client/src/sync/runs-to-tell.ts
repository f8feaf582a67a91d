import { MAX_RUNS_TOLD, type RunReport } from '@satchel/protocol';
import type { SyncRun } from '../engine.ts';

/** Runs that went through are told this often at most, in milliseconds; one that failed at once. */
const EVERY = 10_000;

/**
 * Which runs of the sync loop the server has not heard of. They go with the first
 * request of a run, and count as told once that run has gone through.
 */
export class RunsToTell {
  #runs: SyncRun[];
  #offered = 0;
  #asked = false;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** @param kept The last runs, the newest first: those since the last that went through were not told. */
  constructor(kept: readonly SyncRun[]) {
    const told = kept.findIndex(({ problem }) => problem === undefined);
    this.#runs = kept.slice(0, told === -1 ? kept.length : told + 1).reverse();
  }

  /** What the next request tells. */
  take(now: number): readonly RunReport[] {
    if (this.#asked) return [];
    this.#asked = true;
    const isDue = now - this.#toldAt >= EVERY || this.#runs.some(({ problem }) => problem !== undefined);
    if (!isDue) return [];
    this.#runs = this.#runs.slice(-MAX_RUNS_TOLD);
    this.#offered = this.#runs.length;
    return this.#runs.map(reportOf);
  }

  ended(run: SyncRun, now: number): void {
    if (run.problem === undefined && this.#offered > 0) {
      this.#runs.splice(0, this.#offered);
      this.#toldAt = now;
    }
    this.#offered = 0;
    this.#asked = false;
    this.#runs.push(run);
  }
}

const reportOf = (run: SyncRun): RunReport => ({
  startedAt: run.startedAt,
  endedAt: run.endedAt,
  trigger: run.trigger,
  sent: run.sent,
  received: run.received,
  rowsDown: run.rowsDown,
  mutationsUp: run.mutationsUp,
  ...(run.problem === undefined ? {} : { problem: run.problem.code }),
});
