import { type ErrorAnswer, SatchelError } from '@satchel/protocol';

/** Seconds to wait where the code asks for a later try and says no time itself. */
const RETRY_AFTER: Readonly<Record<number, number>> = { 429: 60, 503: 2 };

export interface ErrorReply {
  readonly status: number;
  readonly body: ErrorAnswer;
  readonly headers: Readonly<Record<string, string>>;
}

/** Any error as an answer. What is not a `SatchelError` with a status is told as `server_error` and nothing more. */
export const errorReply = (error: unknown, requestId: string): ErrorReply => {
  const told =
    error instanceof SatchelError && error.status !== 0
      ? error
      : new SatchelError('server_error', { requestId }, { cause: error });
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
