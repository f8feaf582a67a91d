import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { LiveSocket } from './live-socket.ts';
import type { LiveSessions } from './sessions.ts';

export interface AttachOptions {
  /** Path of the socket, without query. Default `/v1/live`. */
  readonly path?: string;
  /** Whether a page of this web origin may connect; `undefined` where there is none, as in apps. Default: all. */
  readonly isOriginAllowed?: (origin: string | undefined, host: string | undefined) => boolean;
}

/** Bytes of one message: a cursor of the greatest length, a token, a subscription. */
const MAX_MESSAGE_BYTES = 524_288;

/**
 * Serves live sessions on the upgrades of a Node HTTP server. Other paths are left to
 * others, who must answer them. Returns what detaches it again.
 */
export const attachLive = (
  server: Server,
  sessions: LiveSessions,
  options: AttachOptions = {},
): (() => void) => {
  const { path = '/v1/live', isOriginAllowed = () => true } = options;
  // Deflate costs ten times the CPU of the message itself.
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (request.url?.split('?')[0] !== path) return;
    if (!isOriginAllowed(request.headers.origin, request.headers.host)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) => serve(opened, socket, sessions));
  };
  server.on('upgrade', upgrade);
  return () => {
    server.off('upgrade', upgrade);
    sockets.close();
  };
};

const serve = (opened: WebSocket, below: Duplex, sessions: LiveSessions): void => {
  const events = sessions.accept(liveSocket(opened, below));
  opened.on('message', (data, isBinary) => {
    if (isBinary) opened.close(4400, 'text only');
    else events.message(String(data));
  });
  opened.on('close', () => events.closed());
  // Comes before `close`, which says all that matters.
  opened.on('error', () => undefined);
};

const liveSocket = (socket: WebSocket, below: Duplex): LiveSocket => {
  let isAlive = true;
  socket.on('pong', () => {
    isAlive = true;
  });
  return {
    send: (message) => {
      if (socket.readyState === socket.OPEN) below.write(frameOf(message));
    },
    get buffered() {
      return socket.bufferedAmount;
    },
    close: (code, reason) => socket.close(code, reason),
    ping: () => {
      const answered = isAlive;
      isAlive = false;
      if (socket.readyState === socket.OPEN) socket.ping();
      return answered;
    },
  };
};

const frames = new WeakMap<Buffer, Buffer>();

/**
 * The frame of a text message. Frames of a server are not masked, so one serves all
 * sockets; written to the connection below in one piece, which costs half of what
 * framing it anew for each does. `ws` writes whole frames too, so they never mix.
 */
const frameOf = (message: Buffer): Buffer => {
  let frame = frames.get(message);
  if (!frame) {
    frame = Buffer.concat([frameHead(message.length), message]);
    frames.set(message, frame);
  }
  return frame;
};

const FINAL_TEXT = 0x81;

const frameHead = (length: number): Buffer => {
  if (length < 126) return Buffer.from([FINAL_TEXT, length]);
  if (length < 65_536) {
    const head = Buffer.from([FINAL_TEXT, 126, 0, 0]);
    head.writeUInt16BE(length, 2);
    return head;
  }
  const head = Buffer.from([FINAL_TEXT, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
};
