import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { percentile } from '../measure/statistics.ts';

/* The machine's limit of the network: a kept HTTP connection and a bare socket over the loopback. */

export interface NetworkLimits {
  /** Milliseconds of a POST of 300 bytes and its answer. */
  readonly http: number;
  /** Milliseconds of a message of 300 bytes and its echo. */
  readonly echo: number;
}

const BODY = 'x'.repeat(300);

export const networkLimits = async (times: number): Promise<NetworkLimits> => {
  const server = createServer((incoming, answer) => {
    incoming.resume().on('end', () => answer.end(BODY));
  });
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const http = await typical(times, () => post(port, agent));
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  await new Promise((done) => socket.once('open', done));
  const echo = await typical(
    times,
    () =>
      new Promise((done) => {
        socket.once('message', done);
        socket.send(BODY);
      }),
  );
  socket.terminate();
  agent.destroy();
  sockets.close();
  server.close();
  return { http, echo };
};

const post = (port: number, agent: Agent): Promise<unknown> =>
  new Promise((done, failed) => {
    const outgoing = request({ port, host: '127.0.0.1', method: 'POST', agent }, (incoming) => {
      incoming.resume().on('end', () => done(undefined));
    });
    outgoing.on('error', failed);
    outgoing.end(BODY);
  });

const typical = async (times: number, work: () => Promise<unknown>): Promise<number> => {
  const took: number[] = [];
  for (let at = 0; at < times; at++) {
    const start = performance.now();
    await work();
    took.push(performance.now() - start);
  }
  return percentile(took, 0.5);
};
