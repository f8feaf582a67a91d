import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Random } from './capabilities.ts';
import { afterFailure, nextDelay } from './retry.ts';

const times = { attempts: 3, firstDelay: 1_000, maxDelay: 300_000 };
const always = (next: number): Random => ({ next: () => next, bytes: (length) => new Uint8Array(length) });
const failure = { attempts: 0, offline: false, retry: 'later' } as const;

describe('nextDelay', () => {
  test('[CORE-RETRY-01] doubles its bound up to the longest wait', () => {
    const bounds = [1, 2, 3, 9, 10, 1_000].map((attempt) => nextDelay(attempt, times, always(1)));
    expect(bounds).toEqual([1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
  });

  test('[CORE-RETRY-02] is never less than half of the first delay, nor more than the bound', () => {
    const setting = fc.record({
      attempts: fc.constant(5),
      firstDelay: fc.integer({ min: 0, max: 10_000 }),
      maxDelay: fc.integer({ min: 0, max: 1_000_000 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        setting,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, set, next) => {
          const delay = nextDelay(attempt, set, always(next));
          expect(Number.isInteger(delay)).toBe(true);
          expect(delay).toBeLessThanOrEqual(Math.min(set.maxDelay, set.firstDelay * 2 ** (attempt - 1)) + 1);
          expect(delay).toBeGreaterThanOrEqual(Math.floor(Math.min(set.firstDelay / 2, set.maxDelay)));
        },
      ),
    );
  });
});

describe('afterFailure', () => {
  test('[CORE-RETRY-03] waits, and fails after the last attempt', () => {
    const first = afterFailure(failure, times, 5_000, always(0));
    expect(first).toEqual({ state: 'queued', attempts: 1, nextAt: 5_500 });
    expect(afterFailure({ ...failure, attempts: 1 }, times, 5_000, always(1))).toEqual({
      state: 'queued',
      attempts: 2,
      nextAt: 7_000,
    });
    expect(afterFailure({ ...failure, attempts: 2 }, times, 5_000, always(1))).toEqual({
      state: 'failed',
      attempts: 3,
      nextAt: null,
    });
  });

  test('[CORE-RETRY-04] being offline, or without a token, is no attempt', () => {
    const waiting = { state: 'queued', attempts: 2, nextAt: null };
    expect(afterFailure({ ...failure, attempts: 2, offline: true }, times, 0, always(0))).toEqual(waiting);
    expect(afterFailure({ ...failure, attempts: 2, retry: 'after-auth' }, times, 0, always(0))).toEqual(
      waiting,
    );
  });

  test('[CORE-RETRY-05] waits at least as long as the server asked', () => {
    expect(afterFailure({ ...failure, retryAfter: 60_000 }, times, 0, always(1)).nextAt).toBe(60_000);
    expect(afterFailure({ ...failure, retryAfter: 1 }, times, 0, always(1)).nextAt).toBe(1_000);
  });
});
