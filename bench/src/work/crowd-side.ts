import { PROTOCOL_VERSION } from '@satchel/protocol';
import { WebSocket } from 'ws';
import { benchApp } from '../bench-app.ts';
import { WireClient } from './wire.ts';

/* Runs in the crowd's process: many clients of the wire, some of them live. */

let clients: WireClient[] = [];
const sockets: WebSocket[] = [];
let delivered = 0;
let wanted = Number.POSITIVE_INFINITY;
let reached = (): void => undefined;

export const gather = (url: string, tokens: readonly string[]): void => {
  clients = tokens.map((token) => new WireClient(url, token));
};

/** All of them take in everything at once; returns rows and bytes of all. */
export const copyAll = async (): Promise<{ rows: number; bytes: number }> => {
  await Promise.all(clients.map((client) => client.pullAll()));
  const sum = (of: (client: WireClient) => number): number =>
    clients.reduce((total, client) => total + of(client), 0);
  return { rows: sum(({ rows }) => rows), bytes: sum(({ bytes }) => bytes) };
};

/** Opens a socket for each; resolves when the server is ready for all. */
export const goLive = async (url: string): Promise<void> => {
  await Promise.all(
    clients.map(
      (client) =>
        new Promise<void>((done, failed) => {
          const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/live`, { perMessageDeflate: false });
          sockets.push(socket);
          socket.on('error', failed);
          socket.on('open', () =>
            socket.send(
              JSON.stringify({
                type: 'hello',
                protocolVersion: PROTOCOL_VERSION,
                schemaVersion: benchApp.schemaVersion,
                token: client.token,
                clientId: client.clientId,
                cursor: client.cursor,
                brief: true,
              }),
            ),
          );
          socket.on('message', (data: Buffer) => {
            if (data.subarray(0, 8).toString() === '{"line":') {
              delivered += 1;
              if (delivered >= wanted) reached();
            } else if (data.subarray(0, 15).toString() === '{"type":"ready"') done();
          });
        }),
    ),
  );
};

/** Resolves when so many pages were delivered since the start, to all together. */
export const untilDelivered = (count: number): Promise<void> =>
  new Promise((done) => {
    wanted = count;
    reached = done;
    if (delivered >= wanted) done();
  });

export const deliveredSoFar = (): number => delivered;

export const disperse = (): void => {
  for (const socket of sockets.splice(0)) socket.terminate();
  for (const client of clients.splice(0)) client.close();
};
