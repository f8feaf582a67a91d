import type { Scheduler, Timer } from '@satchel/core';

/** Time that passes only when a test lets it. */
export class ManualScheduler implements Scheduler {
  now = 0;
  #waiting: { readonly at: number; readonly run: () => void }[] = [];

  after(delay: number, run: () => void): Timer {
    const entry = { at: this.now + delay, run };
    this.#waiting.push(entry);
    return {
      cancel: () => {
        this.#waiting = this.#waiting.filter((other) => other !== entry);
      },
    };
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Lets the time pass, and each run that comes due finish what it can without waiting for I/O. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    for (;;) {
      const next = this.#waiting.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      this.now = next.at;
      next.run();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.now = end;
  }
}
