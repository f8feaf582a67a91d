import type { Clock, Scheduler } from '@satchel/core';

const TIMES = 1_000;

/**
 * Time and waiting for a device that has to wait much, a thousand times as fast: the
 * delays stay in proportion.
 */
export const hurry = (from: Clock): { readonly clock: Clock; readonly scheduler: Scheduler } => {
  const start = from.now();
  const began = performance.now();
  return {
    clock: { now: () => start + Math.round((performance.now() - began) * TIMES) },
    scheduler: {
      after: (delay, run) => {
        const timer = setTimeout(run, delay / TIMES);
        return { cancel: () => clearTimeout(timer) };
      },
    },
  };
};
