import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { PullRequest } from '@satchel/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeHttp } from '../platform/node/http.ts';
import { nodeSocket } from '../platform/node/socket.ts';
import { httpTransport } from './http-transport.ts';
import type { Transport } from './transport.ts';

const head =
  '{"line":"head","from":null,"epoch":"e","serverTime":0,"schemaVersion":1,"offer":false,"mode":"delta"}';
const tail = '{"line":"tail","cursor":"c","checkpoint":true,"more":false}';
const request: PullRequest = {
  protocolVersion: 1,
  schemaVersion: 1,
  clientId: '01890000-0000-7000-8000-000000000000',
  cursor: null,
};
const signal = new AbortController().signal;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

const against = async (
  serve: (incoming: IncomingMessage, reply: ServerResponse, body: Buffer) => void,
  timeoutMs = 5_000,
): Promise<Transport> => {
  const server = createServer(async (incoming, reply) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    serve(incoming, reply, Buffer.concat(chunks));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const http = nodeHttp();
  cleanups.push(
    () => http.destroy(),
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return httpTransport({
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    token: () => 'token',
    exchange: http.exchange,
    openSocket: nodeSocket,
    timeoutMs,
  });
};
const answer =
  (status: number, type: string, body: string | Buffer, headers = {}) =>
  (_: IncomingMessage, reply: ServerResponse): void => {
    reply.writeHead(status, { 'content-type': type, ...headers }).end(body);
  };
const coded = (code: string) => expect.objectContaining({ code });

describe('http transport', () => {
  it('[SYNC-13] reads pages, compressed or not, and counts the bytes on the wire', async () => {
    const page = `${head}\n${tail}\n`;
    const transport = await against(
      answer(200, 'application/jsonl', gzipSync(page), { 'content-encoding': 'gzip' }),
    );
    const counted: { sent: number; received: number }[] = [];
    transport.onMetered((_, action, bytes) => {
      expect(action).toBe('pull');
      counted.push(bytes);
    });
    const got = await transport.pull(request, null, signal);
    expect(got.kind === 'page' && got.lines.map(({ line }) => line)).toEqual(['head', 'tail']);
    expect(counted[0]?.received).toBeGreaterThan(gzipSync(page).length);
    expect(counted[0]?.sent).toBeGreaterThan(JSON.stringify(request).length);
  });

  it('[SYNC-61] the next cursor of an answer is told before its page has arrived', async () => {
    let end = (): void => {};
    const transport = await against((_, reply) => {
      reply.writeHead(200, { 'content-type': 'application/jsonl', 'satchel-next': 'c' });
      reply.write(`${head}\n`);
      end = () => reply.end(`${tail}\n`);
    });
    let got: Promise<unknown> = Promise.resolve();
    const next = await new Promise((told) => {
      got = transport.pull(request, null, signal, undefined, told);
    });
    expect(next).toBe('c');
    end();
    expect(await got).toMatchObject({ kind: 'page' });
  });

  it('[SYNC-14] asks with the digest and takes 304 for nothing new', async () => {
    let asked: string | undefined;
    const transport = await against((incoming, reply) => {
      asked = incoming.headers['if-none-match'];
      reply.writeHead(304).end();
    });
    expect(await transport.pull(request, 'd1', signal)).toEqual({ kind: 'unchanged' });
    expect(asked).toBe('"d1"');
  });

  it('[SYNC-15] sends large bodies compressed', async () => {
    let got = '';
    const transport = await against((incoming, reply, body) => {
      got = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(body).toString() : 'plain';
      reply.writeHead(304).end();
    });
    const cursor = 'x'.repeat(5_000);
    await transport.pull({ ...request, cursor }, null, signal);
    expect(JSON.parse(got)).toEqual({ ...request, cursor });
  });

  it.each([
    ['a page of a captive portal', answer(200, 'text/html', '<html>Sign in</html>'), 'network_intercepted'],
    [
      'a redirect of a portal',
      answer(302, 'text/html', '', { location: 'http://portal.example/' }),
      'network_intercepted',
    ],
    [
      'an error with a code',
      answer(401, 'application/json', '{"error":{"code":"auth_expired","params":{}}}'),
      'auth_expired',
    ],
    [
      'an error without a code we know',
      answer(500, 'application/json', '{"error":{"code":"who_knows"}}'),
      'server_busy',
    ],
    ['a bare 503', answer(503, 'text/plain', 'no'), 'server_busy'],
    ['a bare 429', answer(429, 'text/plain', 'no', { 'retry-after': '9' }), 'rate_limited'],
    ['a bare 413', answer(413, 'text/html', 'too large'), 'body_too_large'],
    ['a page without its tail', answer(200, 'application/jsonl', head), 'answer_invalid'],
    [
      'broken compression',
      answer(200, 'application/jsonl', 'not gzip', { 'content-encoding': 'gzip' }),
      'answer_invalid',
    ],
    [
      'a cut body',
      (_: IncomingMessage, reply: ServerResponse) => {
        reply.writeHead(200, { 'content-type': 'application/jsonl', 'content-length': '1000' });
        reply.write(head, () => reply.destroy());
      },
      'network_unreachable',
    ],
    ['a hung up line', (incoming: IncomingMessage) => incoming.socket.destroy(), 'network_unreachable'],
  ] as const)('[SYNC-16] tells %s by its code', async (_, serve, code) => {
    const transport = await against(serve);
    await expect(transport.pull(request, null, signal)).rejects.toEqual(coded(code));
  });

  it('[SYNC-17] gives up on silence', async () => {
    const transport = await against(() => {}, 50);
    await expect(transport.pull(request, null, signal)).rejects.toEqual(coded('network_timeout'));
  });

  it('[SYNC-18] asks nothing without a token', async () => {
    const transport = httpTransport({
      server: 'http://127.0.0.1:1',
      token: () => null,
      exchange: () => Promise.reject(new Error('asked')),
      openSocket: nodeSocket,
    });
    await expect(transport.pull(request, null, signal)).rejects.toEqual(coded('auth_missing'));
  });
});
