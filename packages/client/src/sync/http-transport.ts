import type { Scheduler } from '@satchel/core';
import {
  type AckResponse,
  ackResponseSchema,
  type Conflict,
  type ConflictList,
  conflictListSchema,
  conflictSchema,
  type DigestResponse,
  digestResponseSchema,
  isErrorCode,
  LIVE_CLOSE,
  liveDownSchema,
  NEXT_CURSOR_HEADER,
  type PushResponse,
  type RowsResponse,
  rowsResponseSchema,
  SatchelError,
  type StatusResponse,
  statusResponseSchema,
  type VersionsResponse,
  versionsResponseSchema,
} from '@satchel/protocol';
import type { HttpAnswer, HttpExchange, HttpRequest, SocketOpener } from './http-exchange.ts';
import { LivePushes } from './live-pushes.ts';
import { readLivePage, readPage } from './page-text.ts';
import { pushResponse } from './push-answer.ts';
import type { LiveConnection, LiveOpen, Metered, PullAnswer, TokenSource, Transport } from './transport.ts';

export interface HttpTransportOptions {
  /** Address of the server, for example `https://sync.example.org`. */
  readonly server: string;
  readonly token: TokenSource;
  readonly exchange: HttpExchange;
  readonly openSocket: SocketOpener;
  /** Milliseconds without a byte after which an exchange is given up. Default 30,000. */
  readonly timeoutMs?: number;
  /** With it small pushes go over the live connection while one is open. */
  readonly live?: { readonly scheduler: Scheduler; readonly userId: string };
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

    ack: (request, signal): Promise<AckResponse> =>
      post('ack', '/v1/ack', ackResponseSchema as Parser<AckResponse>, request, signal),
    status: (clientId, signal): Promise<StatusResponse> =>
      get(
        'status',
        `/v1/status?clientId=${clientId}`,
        statusResponseSchema as Parser<StatusResponse>,
        signal,
      ),
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
      openLive({
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

/** Frame and masking bytes of a small WebSocket message. */
const FRAME_BYTES = 8;

const openLive = (given: {
  readonly url: string;
  readonly bearer: () => Promise<string>;
  readonly openSocket: SocketOpener;
  readonly open: LiveOpen;
  readonly heard: (action: 'live' | 'push', bytes: Metered) => void;
  readonly live: HttpTransportOptions['live'];
  /** Who takes pushes from here on; `null` when the connection has ended. */
  readonly pushes: (now: LivePushes | null) => void;
}): LiveConnection => {
  const { open } = given;
  let pushes: LivePushes | null = null;
  let closed = false;
  let lastProblem: string | undefined;
  const end = (code: string): void => {
    if (closed) return;
    closed = true;
    endPushes();
    open.closed(code);
  };
  const endPushes = (): void => {
    if (!pushes) return;
    pushes.end();
    pushes = null;
    given.pushes(null);
  };
  const send = (message: unknown, action: 'live' | 'push' = 'live'): void => {
    if (closed) return;
    const text = JSON.stringify(message);
    given.heard(action, { sent: text.length + FRAME_BYTES, received: 0 });
    socket.send(text);
  };
  const socket = given.openSocket(given.url, {
    open: () => {
      given.bearer().then(
        (token) => {
          send({ type: 'hello', token, ...open.hello });
          open.opened();
        },
        () => {
          socket.close();
          end('auth_missing');
        },
      );
    },
    message: (text) => {
      if (closed) return;
      const isAnswer = text.startsWith('{"type":"answer"');
      given.heard(isAnswer ? 'push' : 'live', { sent: 0, received: text.length + FRAME_BYTES });
      if (text.startsWith('{"line":')) {
        try {
          open.page(readLivePage(text));
        } catch {
          // A page that cannot be read is met like one that was lost: by a pull.
          open.poke();
        }
        return;
      }
      const message = liveDownSchema.safeParse(parse(text));
      if (!message.success) return;
      switch (message.data.type) {
        case 'ready':
          if (given.live && message.data.push === given.live.userId) {
            const { scheduler, userId } = given.live;
            const { clientId, schemaVersion } = open.hello;
            pushes = new LivePushes({ clientId, userId, schemaVersion }, scheduler, (push) =>
              send(push, 'push'),
            );
            given.pushes(pushes);
          }
          return open.ready(message.data.sessionId);
        case 'answer':
          pushes?.answered(message.data);
          return;
        case 'poke':
          return open.poke();
        case 'problem':
          lastProblem = message.data.problem.code;
      }
    },
    closed: (code) => end(codeOfClose(code, lastProblem)),
  });
  return {
    resume: (cursor) => send({ type: 'resume', cursor }),
    token: (token) => send({ type: 'token', token }),
    close: () => {
      closed = true;
      endPushes();
      socket.close();
    },
  };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const codeOfClose = (code: number, problem: string | undefined): string => {
  switch (code) {
    case LIVE_CLOSE.needsAuth:
      return problem ?? 'auth_expired';
    case LIVE_CLOSE.revoked:
      return 'client_revoked';
    case LIVE_CLOSE.behind:
      return 'server_busy';
    case LIVE_CLOSE.invalid:
      return problem ?? 'request_invalid';
    case LIVE_CLOSE.goingAway:
      return 'server_stopping';
    default:
      return 'network_unreachable';
  }
};
