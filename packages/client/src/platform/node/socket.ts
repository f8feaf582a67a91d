import WebSocket from 'ws';
import type { SocketOpener } from '../../sync/http-exchange.ts';

/** A ping is answered within this many milliseconds, or the connection counts as lost. */
const SILENCE_MS = 45_000;

/** WebSocket over `ws`; a server that stays silent (it pings every 20 s) counts as gone. */
export const nodeSocket: SocketOpener = (url, events) => {
  const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: 10_000 });
  let alive: NodeJS.Timeout | undefined;
  let ended = false;
  const heard = (): void => {
    clearTimeout(alive);
    alive = setTimeout(() => socket.terminate(), SILENCE_MS);
    alive.unref();
  };
  const end = (code: number): void => {
    if (ended) return;
    ended = true;
    clearTimeout(alive);
    events.closed(code);
  };
  socket.on('open', () => {
    heard();
    events.open();
  });
  socket.on('ping', heard);
  socket.on('message', (data) => {
    heard();
    events.message(data.toString());
  });
  socket.on('error', () => end(1006));
  socket.on('close', (code) => end(code));
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => {
      if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
      else socket.close();
    },
  };
};
