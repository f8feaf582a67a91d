import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Scheduler } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import { errorReply } from './error-answer.ts';

export interface Listening {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
  /** Takes no more connections, waits for running requests at most `drainMs`, then cuts. */
  close(drainMs: number): Promise<void>;
}

/** Milliseconds for the whole of a request to arrive: 4 MB at 20 kB/s, with room. */
const REQUEST_TIMEOUT = 300_000;
const HEADERS_TIMEOUT = 30_000;
/** Longer than the 60 s after which common proxies drop an idle connection: the proxy must be the first. */
const KEEP_ALIVE = 65_000;

export type Fetch = (
  request: Request,
  env: { readonly incoming: import('node:http').IncomingMessage },
) => Response | Promise<Response>;

/** Serves `fetch` over HTTP/1.1; `upgrade` is left to whoever listens on `server`. */
export const listen = async (
  fetch: Fetch,
  where: { readonly host: string; readonly port: number },
  scheduler: Scheduler,
): Promise<Listening> => {
  const listener = getRequestListener(
    (request, env) => fetch(request, env as { incoming: import('node:http').IncomingMessage }),
    { overrideGlobalObjects: false, errorHandler: unreadable },
  );
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT, headersTimeout: HEADERS_TIMEOUT, keepAliveTimeout: KEEP_ALIVE },
    (incoming, outgoing) => void listener(incoming, outgoing),
  );
  // Upgraded sockets are the server's as well, and its own list forgets them.
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new SatchelError(
          'config_invalid',
          { name: 'port', reason: `${where.host}:${where.port} cannot be listened on` },
          { cause },
        ),
      ),
    );
    server.listen(where.port, where.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const shown = where.host === '0.0.0.0' || where.host === '::' ? 'localhost' : where.host;
  return {
    server,
    port,
    url: `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`,
    close: (drainMs) =>
      new Promise((resolve) => {
        const cut = scheduler.after(drainMs, () => {
          for (const socket of sockets) socket.destroy();
        });
        server.close(() => {
          cut.cancel();
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
};

/** The answer to a request that is no HTTP request of ours at all: no host, or an address that cannot be read. */
const unreadable = (): Response => {
  const error = new SatchelError('request_invalid', { path: '', reason: 'cannot be read' });
  const { status, body } = errorReply(error, 'none');
  return Response.json(body, { status });
};
