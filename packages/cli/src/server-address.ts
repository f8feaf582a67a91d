import { isErrorCode, SatchelError } from '@satchel/protocol';
import { type Given, textOption } from './command.ts';

/** The server that a command talks to, and the token that it shows. */
export const serverOptions = {
  server: { type: 'string' },
  token: { type: 'string' },
} as const;

export const serverHelp = {
  server: 'address of the server (or SATCHEL_SERVER); default http://127.0.0.1:7330',
  token: 'token of an administrator (or SATCHEL_TOKEN)',
};

/** The port of a server that was not told another one. */
export const DEFAULT_PORT = 7330;

/** Asks the server; an error that it answers is thrown as what it is. */
export const askServer = async <T>(
  given: Given,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<T> => {
  const server =
    textOption(given, 'server') ?? given.environment.SATCHEL_SERVER ?? `http://127.0.0.1:${DEFAULT_PORT}`;
  const token = textOption(given, 'token') ?? given.environment.SATCHEL_TOKEN;
  if (token === undefined)
    throw new SatchelError('config_invalid', {
      name: 'SATCHEL_TOKEN',
      reason: 'it is not set, and no --token was given; satchel token makes one for satchel dev',
    });
  if (!URL.canParse(server)) throw unusable(server, 'it is no address');
  let response: Response;
  try {
    response = await fetch(`${server.replace(/\/+$/, '')}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: given.signal,
    });
  } catch (cause) {
    given.signal.throwIfAborted();
    throw unusable(server, 'nothing answers there; satchel dev or satchel start runs one', cause);
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer as T;
  throw errorOf(answer, response.status);
};

const unusable = (server: string, reason: string, cause?: unknown): SatchelError =>
  new SatchelError('config_invalid', { name: 'SATCHEL_SERVER', reason: `${server}: ${reason}` }, { cause });

const errorOf = (answer: unknown, status: number): SatchelError => {
  const problem = (answer as { error?: { code?: unknown; params?: unknown } } | undefined)?.error;
  if (typeof problem?.code === 'string' && isErrorCode(problem.code))
    return new SatchelError(problem.code, (problem.params ?? {}) as Record<string, never>);
  return new SatchelError('answer_invalid', { status });
};
