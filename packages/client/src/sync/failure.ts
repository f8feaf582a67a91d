import { type ErrorCode, type Problem, SatchelError } from '@satchel/protocol';

/**
 * What the loop does about a failed exchange, decided by its code alone.
 *
 * - `offline`: there was no answer; not an attempt.
 * - `retry`: the server could not; an attempt, after a back-off.
 * - `smaller`: the batch was too large for the road; halve it.
 * - `apart`: something in the batch breaks the server; find it by halving.
 * - `refused`: the server will not take it, whatever happens; find which by halving.
 * - `auth`: pause until there is a token.
 * - `revoked`: the device was locked.
 * - `start-over`: the cursor is of no use; pull without one.
 * - `wait-for-update`: the two sides' versions do not fit; try at the next schedule.
 * - `stop`: it will fail the same way; shown to the user, tried at the next schedule.
 */
export type Reaction =
  | 'offline'
  | 'retry'
  | 'smaller'
  | 'apart'
  | 'refused'
  | 'auth'
  | 'revoked'
  | 'start-over'
  | 'wait-for-update'
  | 'stop';

export interface Failure {
  readonly reaction: Reaction;
  readonly problem: Problem;
  /** Milliseconds that the server asked to wait. */
  readonly waitMs?: number;
}

const REACTIONS: { readonly [code in ErrorCode]?: Reaction } = {
  network_unreachable: 'offline',
  network_intercepted: 'offline',
  network_timeout: 'smaller',
  server_error: 'apart',
  body_too_large: 'refused',
  batch_too_large: 'refused',
  mutation_too_large: 'refused',
  request_invalid: 'refused',
  body_not_json: 'refused',
  answer_invalid: 'retry',
  auth_missing: 'auth',
  auth_invalid: 'auth',
  auth_expired: 'auth',
  client_revoked: 'revoked',
  cursor_invalid: 'start-over',
  schema_ahead: 'wait-for-update',
  schema_unknown: 'wait-for-update',
  protocol_too_old: 'wait-for-update',
  protocol_too_new: 'wait-for-update',
};

export const failureOf = (error: unknown): Failure => {
  if (!(error instanceof SatchelError)) throw error;
  const problem = error.toProblem();
  const reaction = REACTIONS[error.code] ?? (error.retry === 'later' ? 'retry' : 'stop');
  const { retryAfter } = error.params;
  return typeof retryAfter === 'number'
    ? { reaction, problem, waitMs: retryAfter * 1_000 }
    : { reaction, problem };
};

/** Only another token helps. */
export const needsNewToken = (code: string): boolean =>
  (REACTIONS as Readonly<Record<string, Reaction | undefined>>)[code] === 'auth';
