import {
  type Conflict,
  type ConflictList,
  conflictListSchema,
  conflictSchema,
  type DigestResponse,
  digestResponseSchema,
  isErrorCode,
  NEXT_CURSOR_HEADER,
  type PushResponse,
  type RowsResponse,
  rowsResponseSchema,
  SatchelError,
  type VersionsResponse,
  versionsResponseSchema,
} from '@satchel/protocol';
import type { HttpAnswer, HttpExchange, HttpRequest, SocketOpener } from './http-exchange.ts';
import type { LivePushes } from './live-pushes.ts';
import { openLiveSocket, type SmallPushes } from './live-socket.ts';
import { readPage } from './page-text.ts';
import { pushResponse } from './push-answer.ts';
import type { Metered, PullAnswer, TokenSource, Transport } from './transport.ts';

export interface HttpTransportOptions {
  /** Address of the server, for example `https://sync.example.org`. */
  readonly server: string;
  readonly token: TokenSource;
  readonly exchange: HttpExchange;
  readonly openSocket: SocketOpener;
  /** Milliseconds without a byte after which an exchange is given up. Default 30,000. */
  readonly timeoutMs?: number;
  /** With it small pushes go over the live connection while one is open. */
  readonly live?: SmallPushes;
}

type Heard = (traffic: 'data' | 'alerts' | 'media' | 'advisories', action: string, bytes: Metered) => void;
type Parser<T> = { safeParse(value: unknown): { success: true; data: T } | { success: false } };

const JSON_TYPES = ['application/json', 'application/jsonl', 'application/x-ndjson'];

/** The native protocol over HTTP and WebSocket. */
export const httpTransport = (options: HttpTransportOptions): Transport => {
  const server = options.server.replace(/\/+$/, '');
  const timeoutMs = options.timeoutMs ?? 30_000;
  let heard: Heard = () => {};
  let pushes: LivePushes | null = null;

  const bearer = async (): Promise<string> => {
    const token = await options.token();
    if (token === null) throw new SatchelError('auth_missing');
    return token;
  };

  const ask = async (
    action: string,
    method: 'GET' | 'POST',
    path: string,
    signal: AbortSignal,
    body?: unknown,
    extra: Readonly<Record<string, string>> = {},
    sent?: () => void,
    began?: HttpRequest['began'],
  ): Promise<HttpAnswer> => {
    const headers: Record<string, string> = {
      authorization: `Bearer ${await bearer()}`,
      accept: 'application/jsonl, application/json',
      ...extra,
    };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const answer = await options.exchange({
      method,
      url: `${server}${path}`,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutMs,
      signal,
      ...(sent ? { sent } : {}),
      ...(began ? { began } : {}),
    });
    heard('data', action, { sent: answer.sent, received: answer.received });
    if (answer.status === 304) return answer;
    const type = (answer.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    if (answer.status >= 200 && answer.status < 300) {
      // A captive portal answers 200 with a page of its own.
      if (!JSON_TYPES.includes(type))
        throw new SatchelError('network_intercepted', { status: answer.status });
      return answer;
    }
    throw failureOf(answer, type);
  };

  const read = <T>(parser: Parser<T>, text: string): T => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new SatchelError('answer_invalid', { what: 'body' }, { cause });
    }
    const parsed = parser.safeParse(value);
    if (!parsed.success) throw new SatchelError('answer_invalid', { what: 'body' });
    return parsed.data;
  };

  const post = async <T>(
    action: string,
    path: string,
    parser: Parser<T>,
    body: unknown,
    signal: AbortSignal,
    sent?: () => void,
  ) => read(parser, (await ask(action, 'POST', path, signal, body, {}, sent)).text);
  const get = async <T>(action: string, path: string, parser: Parser<T>, signal: AbortSignal) =>
    read(parser, (await ask(action, 'GET', path, signal)).text);

  return {
    async push(request, signal, sent): Promise<PushResponse> {
      // Nothing is waited for where it goes by HTTP: a run's first request stays its first.
      const live = pushes?.push(request, signal, sent ?? (() => {})) ?? null;
      const answered = live && (await live);
      if (answered) return answered;
      return post('push', '/v1/push', pushResponse, request, signal, sent);
    },

    async pull(request, digest, signal, sent, next): Promise<PullAnswer> {
      const extra: Record<string, string> = digest === null ? {} : { 'if-none-match': `"${digest}"` };
      const answer = await ask('pull', 'POST', '/v1/pull', signal, request, extra, sent, (headers) => {
        const cursor = headers[NEXT_CURSOR_HEADER];
        if (cursor !== undefined) next?.(cursor);
      });
      return answer.status === 304 ? { kind: 'unchanged' } : { kind: 'page', lines: readPage(answer.text) };
    },

    digests: (request, signal): Promise<DigestResponse> =>
      post('digests', '/v1/digests', digestResponseSchema as Parser<DigestResponse>, request, signal),
    versions: (request, signal): Promise<VersionsResponse> =>
      post('versions', '/v1/versions', versionsResponseSchema as Parser<VersionsResponse>, request, signal),
    rows: (request, signal): Promise<RowsResponse> =>
      post('rows', '/v1/rows', rowsResponseSchema as Parser<RowsResponse>, request, signal),
    conflicts: (clientId, signal): Promise<ConflictList> =>
      get(
        'conflicts',
        `/v1/conflicts?clientId=${clientId}`,
        conflictListSchema as Parser<ConflictList>,
        signal,
      ),
    resolve: (clientId, conflictId, request, signal): Promise<Conflict> =>
      post(
        'resolve',
        `/v1/conflicts/${encodeURIComponent(conflictId)}/resolve?clientId=${clientId}`,
        conflictSchema as Parser<Conflict>,
        request,
        signal,
      ),
    undo: (clientId, conflictId, signal): Promise<Conflict> =>
      post(
        'undo',
        `/v1/conflicts/${encodeURIComponent(conflictId)}/undo?clientId=${clientId}`,
        conflictSchema as Parser<Conflict>,
        {},
        signal,
      ),

    live: (open) =>
      openLiveSocket({
        url: `${server.replace(/^http/, 'ws')}/v1/live`,
        bearer,
        openSocket: options.openSocket,
        open,
        heard: (action, bytes) => heard('data', action, bytes),
        live: options.live,
        pushes: (now) => {
          pushes?.end();
          pushes = now;
        },
      }),
    onMetered(listener) {
      heard = listener;
    },
  };
};

/** The error of an answer that is not a success, by its code; by its status where something else answered. */
const failureOf = (answer: HttpAnswer, type: string): SatchelError => {
  if (JSON_TYPES.includes(type)) {
    try {
      const { error } = JSON.parse(answer.text) as { error?: { code?: unknown; params?: unknown } };
      if (typeof error?.code === 'string' && isErrorCode(error.code))
        return new SatchelError(error.code, (error.params ?? {}) as Record<string, never>);
    } catch {
      return new SatchelError('answer_invalid', { status: answer.status });
    }
  }
  const retryAfter = Number(answer.headers['retry-after']);
  if (answer.status === 429)
    return new SatchelError('rate_limited', { retryAfter: Number.isFinite(retryAfter) ? retryAfter : 60 });
  if (answer.status === 413) return new SatchelError('body_too_large', { limit: 0 });
  if (answer.status >= 500) return new SatchelError('server_busy');
  return new SatchelError('network_intercepted', { status: answer.status });
};
