import type { Retry } from '@satchel/protocol';
import type { Random } from './capabilities.ts';

/** How often and how far apart something is tried. */
export interface RetryTimes {
  /** Attempts before it counts as failed. */
  readonly attempts: number;
  /** Milliseconds that the wait after the first attempt is drawn from; doubles each time. */
  readonly firstDelay: number;
  /** Longest wait in milliseconds. */
  readonly maxDelay: number;
}

/**
 * Milliseconds to wait after the `attempt`-th failed one (from 1): drawn evenly from
 * half of the first delay up to a bound that doubles each time, so that clients which
 * failed together do not come back together, and none comes back at once.
 */
export const nextDelay = (attempt: number, times: RetryTimes, random: Random): number => {
  const bound = Math.min(times.maxDelay, times.firstDelay * 2 ** Math.min(52, Math.max(0, attempt - 1)));
  const least = Math.min(bound, times.firstDelay / 2);
  return Math.round(least + random.next() * (bound - least));
};

export interface Failure {
  /** Attempts counted so far, this one not. */
  readonly attempts: number;
  /** The device had no network: that is no attempt. */
  readonly offline: boolean;
  readonly retry: Retry;
  /** What the server asked for (`Retry-After`), milliseconds. */
  readonly retryAfter?: number;
}

export type NextTry =
  /** Try again at `nextAt` (UTC milliseconds), or as soon as its condition holds when null. */
  | { readonly state: 'queued'; readonly attempts: number; readonly nextAt: number | null }
  /** The last attempt is over: tried again at start, on regained network, or by hand. */
  | { readonly state: 'failed'; readonly attempts: number; readonly nextAt: null };

/**
 * What becomes of a mutation whose request was not answered, or was refused as a whole.
 * Waiting for a network or for a token is not an attempt.
 */
export const afterFailure = (failure: Failure, times: RetryTimes, now: number, random: Random): NextTry => {
  if (failure.offline || failure.retry === 'after-auth') {
    return { state: 'queued', attempts: failure.attempts, nextAt: null };
  }
  const attempts = failure.attempts + 1;
  if (attempts >= times.attempts) return { state: 'failed', attempts, nextAt: null };
  const delay = Math.max(nextDelay(attempts, times, random), failure.retryAfter ?? 0);
  return { state: 'queued', attempts, nextAt: now + delay };
};
