import { randomFillSync } from 'node:crypto';
import type { Clock, Random, Scheduler } from '@satchel/core';

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** Cryptographically strong random numbers. */
export const systemRandom: Random = {
  next: () => randomFillSync(new Uint32Array(1))[0]! / 2 ** 32,
  bytes: (length) => randomFillSync(new Uint8Array(length)),
};

/** The longest delay that Node's timers take, in milliseconds. */
const MAX_DELAY = 2 ** 31 - 1;

/** Node's timers; none keeps the process alive. */
export const systemScheduler: Scheduler = {
  after(delay, run) {
    const timer = setTimeout(run, Math.min(Math.max(delay, 0), MAX_DELAY));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
