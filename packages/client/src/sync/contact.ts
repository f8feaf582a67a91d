import type { Clock } from '@satchel/core';
import type { LoopFacts } from './loop-facts.ts';

/**
 * What the loop knows of the server: whether it answers, how far off its clock is, and
 * whether it lets this client in.
 */
export class Contact {
  readonly #clock: Clock;
  readonly #answersAgain: () => void;
  #made = false;
  #reachable = true;
  #needsAuth: string | null = null;
  #revoked = false;
  #latencyMs: number | null = null;
  #clockOffset: number | null = null;

  /** @param answersAgain Called when the server answers after it had not. */
  constructor(clock: Clock, answersAgain: () => void) {
    this.#clock = clock;
    this.#answersAgain = answersAgain;
  }

  get reachable(): boolean {
    return this.#reachable;
  }

  /** Neither a token nor an administrator stands in the way. */
  get isWelcome(): boolean {
    return this.#needsAuth === null && !this.#revoked;
  }

  answered(serverTime: number | null, latencyMs: number | null): void {
    this.#made = true;
    this.regained();
    if (latencyMs !== null) this.#latencyMs = latencyMs;
    if (serverTime !== null) this.#clockOffset = serverTime - this.#clock.now() + (latencyMs ?? 0) / 2;
  }

  regained(): void {
    if (this.#reachable) return;
    this.#reachable = true;
    this.#answersAgain();
  }

  lost(): void {
    this.#reachable = false;
  }

  /** Nothing goes until there is a token. `code` says why. */
  refusedToken(code: string): void {
    this.#needsAuth = code;
  }

  /** This client was locked. */
  revoked(): void {
    this.#revoked = true;
  }

  /** It is worth asking again: a token is there, or a person wants it. */
  forgetRefusals(): void {
    this.#needsAuth = null;
    this.#revoked = false;
  }

  facts(): Pick<LoopFacts, 'contact' | 'needsAuth' | 'revoked' | 'latencyMs' | 'clockOffset'> {
    return {
      contact: this.#made,
      needsAuth: this.#needsAuth,
      revoked: this.#revoked,
      latencyMs: this.#latencyMs,
      clockOffset: this.#clockOffset,
    };
  }
}
