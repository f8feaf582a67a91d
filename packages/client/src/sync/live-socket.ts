import type { Scheduler } from '@satchel/core';
import { LIVE_CLOSE, liveDownSchema } from '@satchel/protocol';
import type { SocketOpener } from './http-exchange.ts';
import { LivePushes } from './live-pushes.ts';
import { readLivePage } from './page-text.ts';
import type { LiveConnection, LiveOpen, Metered } from './transport.ts';

/** Frame and masking bytes of a small WebSocket message. */
const FRAME_BYTES = 8;

/** What small pushes need to go over a live connection. */
export interface SmallPushes {
  readonly scheduler: Scheduler;
  readonly userId: string;
}

export interface LiveSocketGiven {
  /** Address of the socket. */
  readonly url: string;
  readonly bearer: () => Promise<string>;
  readonly openSocket: SocketOpener;
  readonly open: LiveOpen;
  readonly heard: (action: 'live' | 'push', bytes: Metered) => void;
  readonly live: SmallPushes | undefined;
  /** Who takes pushes from here on; `null` when the connection has ended. */
  readonly pushes: (now: LivePushes | null) => void;
}

/** Opens a live connection over a WebSocket, and speaks the protocol on it. */
export const openLiveSocket = (given: LiveSocketGiven): LiveConnection => {
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
