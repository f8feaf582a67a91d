import { connect } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpFixture, NOW, pullBody, startHttp } from '../../test/http-fixture.ts';
import { chooseCoding } from './compression.ts';

const DIGEST = 'd1gest_of-the-cursor00';
const lines = Array.from({ length: 500 }, (_, i) =>
  JSON.stringify({ line: 'rows', keys: [`ключ ${i}`], filler: 'x'.repeat(300) }),
);
const whole = `${lines.join('\n')}\n`;
let http: HttpFixture;
let produced = 0;
let failAfter = Number.POSITIVE_INFINITY;
let released: (() => void) | undefined;
let next: string | null = null;

async function* endless(): AsyncGenerator<string> {
  try {
    for (let i = 0; i < 1_000_000; i++) {
      produced += 1;
      if (produced > failAfter) throw new Error('the source broke');
      yield Buffer.from(Array.from({ length: 4_096 }, (_, j) => (i * 31 + j * 7919) % 251)).toString(
        'base64',
      );
    }
  } finally {
    released?.();
  }
}

beforeAll(async () => {
  http = await startHttp({
    pull: async (principal, _request, digest) => {
      if (digest === DIGEST) return { kind: 'unchanged' };
      if (principal.userId === 'slow') return { kind: 'page', lines: endless() };
      return { kind: 'page', lines, digest: DIGEST, next };
    },
    status: async () => ({
      serverTime: NOW,
      epoch: 'e',
      protocolVersion: 1,
      protocolFloor: 1,
      schemaVersion: 1,
      scopes: [],
      openConflicts: 0,
    }),
  });
});
afterAll(() => http.close());

const pull = (headers: Record<string, string> = {}) => http.ask('/v1/pull', { body: pullBody(), headers });

describe('answers on their way down', () => {
  it('[HTTP-12] br, gzip or neither, by what the caller takes', async () => {
    const br = await pull({ 'accept-encoding': 'gzip, deflate, br' });
    expect(br.headers['content-encoding']).toBe('br');
    expect(brotliDecompressSync(br.bytes).toString()).toBe(whole);
    const gzip = await pull({ 'accept-encoding': 'gzip' });
    expect(gzip.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(gzip.bytes).toString()).toBe(whole);
    const plain = await pull();
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.text).toBe(whole);
    expect(plain.headers).toMatchObject({ 'content-type': 'application/jsonl', vary: 'Accept-Encoding' });
    const small = await http.ask('/v1/status', { headers: { 'accept-encoding': 'br' } });
    expect(small.headers['content-encoding']).toBeUndefined();
  });

  it('[HTTP-12] weights count: q=0 refuses, the higher wins, br wins a tie', () => {
    expect(chooseCoding(null)).toBe('identity');
    expect(chooseCoding('identity')).toBe('identity');
    expect(chooseCoding('br;q=0, gzip')).toBe('gzip');
    expect(chooseCoding('gzip;q=1.0, br;q=0.5')).toBe('gzip');
    expect(chooseCoding('*')).toBe('br');
    expect(chooseCoding('br;q=0, *;q=0')).toBe('identity');
    expect(chooseCoding('GZIP ; Q=1')).toBe('gzip');
    expect(chooseCoding('gzip;q=abc')).toBe('identity');
  });

  it('[HTTP-13] 304 without a body when the digest says that nothing is new; the page carries its own as ETag', async () => {
    const unchanged = await pull({ 'if-none-match': `"${DIGEST}"` });
    expect([unchanged.status, unchanged.bytes.byteLength, unchanged.headers.etag]).toEqual([
      304,
      0,
      `"${DIGEST}"`,
    ]);
    expect((await pull({ 'if-none-match': `W/"${DIGEST}"` })).status).toBe(304);
    for (const odd of ['"other"', DIGEST, '"a", "b"', `"${'x'.repeat(65)}"`, '']) {
      const answer = await pull({ 'if-none-match': odd });
      expect([odd, answer.status, answer.headers.etag]).toEqual([odd, 200, `"${DIGEST}"`]);
    }
  });

  it('[HTTP-13] a page after which there is more names the cursor to go on with, where a head has room for it', async () => {
    for (const [cursor, told] of [
      [null, undefined],
      ['c'.repeat(2_048), 'c'.repeat(2_048)],
      ['c'.repeat(2_049), undefined],
    ] as const) {
      next = cursor;
      expect((await pull()).headers['satchel-next']).toBe(told);
    }
    next = null;
  });

  const openSlow = async () => {
    const token = await http.token({ userId: 'slow' });
    const body = JSON.stringify(pullBody());
    const socket = connect(http.port, '127.0.0.1');
    socket.write(
      `POST /v1/pull HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    return socket;
  };

  it('[HTTP-12] a reader who stops reading stops the source, and one who leaves releases it', async () => {
    produced = 0;
    const over = new Promise<void>((resolve) => {
      released = resolve;
    });
    const socket = await openSlow();
    await new Promise<void>((resolve) => socket.once('readable', () => resolve()));
    // Nothing is read from here on: the source stands still once the buffers on the way are full.
    let last = -1;
    while (produced !== last) {
      last = produced;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expect(produced).toBeLessThan(5_000);
    socket.destroy();
    await over;
  });

  it('[HTTP-12] an answer whose source breaks is cut, never ended as if it were whole', async () => {
    produced = 0;
    failAfter = 100;
    released = undefined;
    const socket = await openSlow();
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await new Promise<void>((resolve) => socket.on('close', () => resolve()));
    failAfter = Number.POSITIVE_INFINITY;
    const text = Buffer.concat(chunks).toString('latin1');
    expect(text).toContain('200 OK');
    expect(text.endsWith('0\r\n\r\n')).toBe(false);
    expect((await pull()).status).toBe(200);
  });
});
