import type { Clock, Scheduler, Timer } from '@satchel/core';
import type { SyncSettings } from '@satchel/schema';
import type { EnginePort } from '../engine-port.ts';
import type { Wait } from './gates.ts';
import type { NetworkSource } from './network.ts';
import { nextScheduledRun } from './schedule.ts';
import type { Trigger } from './trigger.ts';

/** Milliseconds after which a retry that was due, and did not go, is looked at again. */
const SOONEST = 1_000;
/** Milliseconds by which a clock may go back without having been set back. */
const CLOCK_JITTER = 1_000;

export interface NextRunGiven {
  readonly schedule: SyncSettings['schedule'];
  readonly port: EnginePort;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly network: NetworkSource;
  /** The loop is started. */
  readonly isRunning: () => boolean;
  readonly isUnderWay: () => boolean;
  /** A request would start a run. */
  readonly mayRequest: () => boolean;
  readonly wait: () => Wait | null;
  readonly request: (trigger: Trigger, directions: 'up' | 'both') => void;
  /** What the device itself could not do. */
  readonly failed: (error: unknown) => void;
}

/** When the loop runs by itself: by the schedule, or earlier to send a single mutation again. */
export class NextRun {
  readonly #given: NextRunGiven;
  #timer: Timer | null = null;
  #at: number | null = null;
  /** The device's clock when it was last looked at. */
  #latest = Number.NEGATIVE_INFINITY;

  constructor(given: NextRunGiven) {
    this.#given = given;
  }

  /** UTC milliseconds. */
  get at(): number | null {
    return this.#at;
  }

  /** Sets the timer anew. */
  plan(): void {
    this.#cancel();
    if (!this.#given.isRunning()) return;
    this.#mindClock();
    const { clock, network, port, schedule } = this.#given;
    const scheduled = nextScheduledRun(schedule, network.state(), clock.now());
    this.#at = Number.isFinite(scheduled) ? scheduled : null;
    if (this.#at !== null) this.#wake(this.#at, 'schedule');
    port.call('facts').then(
      ({ nextRetryAt }) => this.#planRetry(nextRetryAt),
      () => {
        // The database was closed.
      },
    );
  }

  stop(): void {
    this.#cancel();
    this.#at = null;
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #wake(at: number, trigger: Trigger): void {
    const { clock, isUnderWay, request, scheduler } = this.#given;
    this.#timer?.cancel();
    this.#timer = scheduler.after(Math.max(0, at - clock.now()), () => {
      request(trigger, 'both');
      if (!isUnderWay()) this.plan();
    });
  }

  #planRetry(nextRetryAt: number | null): void {
    const { isUnderWay, mayRequest } = this.#given;
    // What holds up every run (no network, no token, a lock, a pause) has a trigger of its own.
    if (nextRetryAt === null || isUnderWay() || !mayRequest()) return;
    const at = this.#retryAt(nextRetryAt);
    if (at === null) return;
    if (this.#at === null || at < this.#at) {
      this.#at = at;
      this.#wake(at, 'retry');
    }
  }

  /**
   * When a retry that is due at `due` wakes the loop; `null`: not by itself. One that was
   * due and did not go is never tried at once, or the loop would never rest.
   */
  #retryAt(due: number): number | null {
    const now = this.#given.clock.now();
    if (due > now) return due;
    return this.#given.wait() === null ? now + SOONEST : null;
  }

  /** What is due by a clock that has since been set back would wait for years: it is due now. */
  #mindClock(): void {
    const { clock, failed, port, request } = this.#given;
    const now = clock.now();
    const setBack = now < this.#latest - CLOCK_JITTER;
    this.#latest = now;
    if (setBack) port.call('retryFailed').then(() => request('retry', 'up'), failed);
  }
}
