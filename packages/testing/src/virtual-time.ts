import type { Clock, Scheduler } from '@satchel/core';

interface Waiting {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * Time that only moves when it is told: a clock and a scheduler over one line of
 * time. Timers that are due at the same moment run in the order in which they were set.
 */
export class VirtualTime implements Clock, Scheduler {
  #now: number;
  #order = 0;
  readonly #waiting = new Set<Waiting>();

  constructor(start = 1_700_000_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(delay: number, run: () => void): { cancel(): void } {
    const waiting: Waiting = { at: this.#now + Math.max(0, delay), order: this.#order++, run };
    this.#waiting.add(waiting);
    return { cancel: () => this.#waiting.delete(waiting) };
  }

  /** Timers not yet run or cancelled. */
  get timers(): number {
    return this.#waiting.size;
  }

  /** When the next timer is due, or `null`. */
  get nextAt(): number | null {
    return this.#next()?.at ?? null;
  }

  /** Lets time pass: runs what becomes due, in order, and lets promises settle before each. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = this.#next();
      if (!next || next.at > end) break;
      this.#waiting.delete(next);
      this.#now = next.at;
      next.run();
      await settle();
    }
    this.#now = end;
  }

  /** Sets the clock, either way, without running a timer: a jump of a device's clock. */
  jump(to: number): void {
    this.#now = to;
  }

  #next(): Waiting | undefined {
    let next: Waiting | undefined;
    for (const one of this.#waiting)
      if (!next || one.at < next.at || (one.at === next.at && one.order < next.order)) next = one;
    return next;
  }
}

/** Turns of the event loop that promise chains of the engines get before time moves on. */
const TURNS = 20;

/** Lets every promise that can settle do so. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < TURNS; turn++) await new Promise<void>((done) => setImmediate(done));
};
