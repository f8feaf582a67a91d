import type { Submitted } from './submitted.ts';

/** The batch has to be tried again, with what this attempt has found. */
export class TryAgain extends Error {
  override name = 'TryAgain';
  /** Mutations whose rows ended outside the principal's scopes. */
  readonly denied: readonly Submitted[];
  /** A mutation of it was taken by somebody else meanwhile. */
  readonly raced: boolean;

  constructor(denied: readonly Submitted[], raced = false) {
    super('the batch is tried again');
    this.denied = denied;
    this.raced = raced;
  }
}
