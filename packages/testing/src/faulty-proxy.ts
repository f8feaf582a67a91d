import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Random } from '@satchel/core';

/** How bad the road is; shares are of requests, 0 to 1. */
export interface Faults {
  /** Milliseconds before each request and each answer, drawn evenly from the range. */
  readonly delay: readonly [number, number];
  /** The request is lost before it reaches the server. */
  readonly loseRequest: number;
  /** The server did the work, the answer is lost. */
  readonly loseAnswer: number;
  /** The answer is cut in the middle. */
  readonly cutAnswer: number;
  /** The server gets the request twice, at the same moment. */
  readonly duplicate: number;
  /** Mean milliseconds after which a WebSocket is cut; 0: never. */
  readonly cutSocketAfter: number;
}

export const NO_FAULTS: Faults = {
  delay: [0, 0],
  loseRequest: 0,
  loseAnswer: 0,
  cutAnswer: 0,
  duplicate: 0,
  cutSocketAfter: 0,
};

/** What the proxy did so far. */
export interface FaultCounts {
  requests: number;
  lostRequests: number;
  lostAnswers: number;
  cutAnswers: number;
  duplicates: number;
  cutSockets: number;
  refused: number;
}

export interface FaultyProxy {
  readonly url: string;
  readonly port: number;
  readonly counts: Readonly<FaultCounts>;
  setFaults(faults: Faults): void;
  /** While down, connections are refused and open ones are cut. */
  setDown(down: boolean): void;
  /** Another address behind the proxy (a server that came back elsewhere). */
  setTarget(port: number): void;
  close(): Promise<void>;
}

/**
 * An HTTP and WebSocket proxy on the loopback address that delays, loses, cuts and
 * doubles what passes, as `random` says.
 */
export const startFaultyProxy = async (given: {
  readonly targetPort: number;
  readonly random: Random;
  readonly faults?: Faults;
  readonly port?: number;
}): Promise<FaultyProxy> => {
  const { random } = given;
  let faults = given.faults ?? NO_FAULTS;
  let target = given.targetPort;
  let down = false;
  const open = new Set<Duplex>();
  const counts: FaultCounts = {
    requests: 0,
    lostRequests: 0,
    lostAnswers: 0,
    cutAnswers: 0,
    duplicates: 0,
    cutSockets: 0,
    refused: 0,
  };
  const happens = (share: number): boolean => random.next() < share;
  const pause = (): Promise<void> => {
    const [from, to] = faults.delay;
    if (to <= 0) return Promise.resolve();
    return new Promise((done) => setTimeout(done, from + random.next() * (to - from)));
  };

  const forward = (
    incoming: IncomingMessage,
    body: Buffer,
  ): Promise<{ answer: IncomingMessage; body: Buffer }> =>
    new Promise((done, failed) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: target,
          path: incoming.url,
          method: incoming.method,
          headers: { ...incoming.headers, connection: 'close' },
          agent: false,
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.once('error', failed);
          answer.once('end', () => done({ answer, body: Buffer.concat(chunks) }));
        },
      );
      outgoing.once('error', failed);
      outgoing.end(body);
    });

  const serve = async (incoming: IncomingMessage, reply: ServerResponse): Promise<void> => {
    counts.requests += 1;
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    await pause();
    if (down || happens(faults.loseRequest)) {
      counts.lostRequests += 1;
      reply.destroy();
      return;
    }
    const twin = happens(faults.duplicate) ? forward(incoming, body).catch(() => undefined) : undefined;
    if (twin) counts.duplicates += 1;
    const { answer, body: text } = await forward(incoming, body);
    await twin;
    await pause();
    if (down || happens(faults.loseAnswer)) {
      counts.lostAnswers += 1;
      reply.destroy();
      return;
    }
    reply.writeHead(answer.statusCode ?? 502, answer.headers);
    if (text.length > 1 && happens(faults.cutAnswer)) {
      counts.cutAnswers += 1;
      reply.write(text.subarray(0, Math.floor(text.length * random.next())), () => reply.destroy());
      return;
    }
    reply.end(text);
  };

  const server = createServer((incoming, reply) => {
    serve(incoming, reply).catch(() => reply.destroy());
  });
  server.on('connection', (socket: Socket) => {
    if (down) {
      counts.refused += 1;
      socket.destroy();
      return;
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('upgrade', (incoming: IncomingMessage, near: Duplex, head: Buffer) => {
    const far = connect(target, '127.0.0.1', () => {
      const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
      for (let i = 0; i < incoming.rawHeaders.length; i += 2)
        lines.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}`);
      far.write(`${lines.join('\r\n')}\r\n\r\n`);
      far.write(head);
      near.pipe(far).pipe(near);
    });
    open.add(far);
    const timer =
      faults.cutSocketAfter > 0
        ? setTimeout(
            () => {
              counts.cutSockets += 1;
              end();
            },
            -Math.log(1 - random.next()) * faults.cutSocketAfter,
          )
        : undefined;
    const end = (): void => {
      clearTimeout(timer);
      open.delete(far);
      near.destroy();
      far.destroy();
    };
    for (const side of [near, far]) {
      side.once('error', end);
      side.once('close', end);
    }
  });
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(given.port ?? 0, '127.0.0.1', done);
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    counts,
    setFaults: (next) => {
      faults = next;
    },
    setDown: (next) => {
      down = next;
      if (down) for (const socket of open) socket.destroy();
    },
    setTarget: (next) => {
      target = next;
    },
    close: () =>
      new Promise((done) => {
        for (const socket of open) socket.destroy();
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
};
