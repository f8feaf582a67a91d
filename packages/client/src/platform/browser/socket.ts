import type { SocketOpener } from '../../sync/http-exchange.ts';

/** A connection is given up that is not open after so many milliseconds. */
const OPEN_WITHIN = 10_000;

/** WebSocket as browsers have it; pings of the server are answered by the browser itself. */
export const browserSocket: SocketOpener = (url, events) => {
  const socket = new WebSocket(url);
  let ended = false;
  const end = (code: number): void => {
    if (ended) return;
    ended = true;
    clearTimeout(late);
    events.closed(code);
  };
  const late = setTimeout(() => {
    socket.close();
    end(1006);
  }, OPEN_WITHIN);
  socket.onopen = () => {
    clearTimeout(late);
    events.open();
  };
  socket.onmessage = ({ data }) => {
    if (!ended && typeof data === 'string') events.message(data);
  };
  socket.onerror = () => end(1006);
  socket.onclose = ({ code }) => end(code);
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => {
      clearTimeout(late);
      socket.close();
    },
  };
};
