import type { Clock, Random, Scheduler } from '@satchel/core';

/** `setTimeout` takes no longer wait than this; longer ones are waited for in pieces. */
const MAX_TIMEOUT = 2 ** 31 - 1;

export const browserClock: Clock = { now: () => Date.now() };

const bytes = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

export const browserRandom: Random = {
  next: () => bytes(6).reduce((number, byte) => number * 256 + byte, 0) / 2 ** 48,
  bytes,
};

export const browserScheduler: Scheduler = {
  after: (delay, run) => {
    let timer: ReturnType<typeof setTimeout>;
    const wait = (left: number): void => {
      const now = Math.min(left, MAX_TIMEOUT);
      timer = setTimeout(() => (left > now ? wait(left - now) : run()), now);
    };
    wait(Math.max(0, delay));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Local hour of the day with its fraction. */
export const localHour = (now: number): number => {
  const local = new Date(now);
  return local.getHours() + local.getMinutes() / 60;
};
