import { type ErrorAnswer, SatchelError } from '@satchel/protocol';
import { databaseFact } from '../postgres/pg-errors.ts';

/** Seconds to wait where the code asks for a later try and says no time itself. */
const RETRY_AFTER: Readonly<Record<number, number>> = { 429: 60, 503: 2 };

export interface ErrorReply {
  readonly status: number;
  readonly body: ErrorAnswer;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Any error as an answer. PostgreSQL being away or busy is told as such; whatever else
 * is not a `SatchelError` with a status is told as `server_error` and nothing more.
 */
export const errorReply = (error: unknown, requestId: string): ErrorReply => {
  const told = toldError(error, requestId);
  const headers: Record<string, string> = {};
  const given = told.params.retryAfter;
  const wait = typeof given === 'number' ? given : RETRY_AFTER[told.status];
  if (wait !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(wait)));
  if (told.status === 401) headers['www-authenticate'] = `Bearer error="${told.code}"`;
  return {
    status: told.status,
    body: { error: { code: told.code, params: { ...told.params }, requestId } },
    headers,
  };
};

/** The error of which its caller is told. */
export const toldError = (error: unknown, requestId: string): SatchelError => {
  if (error instanceof SatchelError && error.status !== 0) return error;
  switch (databaseFact(error)?.kind) {
    case 'connection-lost':
    case 'no-room':
      return new SatchelError('database_unavailable', {}, { cause: error });
    case 'serialization':
    case 'deadlock':
    case 'timeout':
      return new SatchelError('server_busy', {}, { cause: error });
    default:
      return new SatchelError('server_error', { requestId }, { cause: error });
  }
};
