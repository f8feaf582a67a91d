import { nextDelay, type Random, type Scheduler, type Timer } from '@satchel/core';
import type { Failure } from './failure.ts';

const BACKOFF = { attempts: Number.POSITIVE_INFINITY, firstDelay: 1_000, maxDelay: 300_000 } as const;

/** Runs that failed are tried again, later each time. */
export class Retries {
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #again: () => void;
  #timer: Timer | null = null;
  #failures = 0;

  constructor(random: Random, scheduler: Scheduler, again: () => void) {
    this.#random = random;
    this.#scheduler = scheduler;
    this.#again = again;
  }

  /** Runs that failed since the last one that did not. */
  get failures(): number {
    return this.#failures;
  }

  forgetFailures(): void {
    this.#failures = 0;
  }

  /** Tries again when the server asked to, or after a back-off. */
  later({ waitMs }: Failure): void {
    this.#failures += 1;
    const delay = waitMs ?? nextDelay(this.#failures, BACKOFF, this.#random);
    this.cancel();
    this.#timer = this.#scheduler.after(delay, this.#again);
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
