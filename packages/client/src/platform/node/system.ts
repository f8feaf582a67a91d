import { randomBytes, randomInt } from 'node:crypto';
import type { Clock, Random, Scheduler } from '@satchel/core';

const LIMIT = 2 ** 47;
/** `setTimeout` takes no longer wait than this; longer ones are waited for in pieces. */
const MAX_TIMEOUT = 2 ** 31 - 1;

export const systemClock: Clock = { now: () => Date.now() };

export const systemRandom: Random = {
  next: () => randomInt(LIMIT) / LIMIT,
  bytes: (length) => randomBytes(length),
};

/** Timers that do not keep the process alive. */
export const systemScheduler: Scheduler = {
  after: (delay, run) => {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      const now = Math.min(left, MAX_TIMEOUT);
      timer = setTimeout(() => (left > now ? wait(left - now) : run()), now);
      timer.unref();
    };
    wait(Math.max(0, delay));
    return { cancel: () => clearTimeout(timer) };
  },
};
