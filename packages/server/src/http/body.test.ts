import { connect } from 'node:net';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ask, type HttpFixture, pushBody, startHttp, uuid } from '../../test/http-fixture.ts';

const LIMIT = 200_000;
let http: HttpFixture;
const pushed: string[] = [];

beforeAll(async () => {
  http = await startHttp(
    {
      push: async (_principal, request, raw) => {
        pushed.push(raw);
        return { batchId: request.batchId, serverTime: 0, epoch: 'e', answers: [] };
      },
    },
    { limits: { bodyBytes: LIMIT, batchMutations: 100 } },
  );
});
afterAll(() => http.close());

const push = async (options: Ask) => {
  const answer = await http.ask('/v1/push', options);
  return [answer.status, answer.code];
};
const text = Buffer.from(JSON.stringify(pushBody()));
const encoding = (name: string) => ({ headers: { 'content-encoding': name } });

describe('request bodies', () => {
  it('[HTTP-06] plain, gzip, deflate and br are taken, and the raw text is handed on', async () => {
    pushed.length = 0;
    expect(await push({ bytes: text })).toEqual([200, undefined]);
    expect(await push({ bytes: gzipSync(text), ...encoding('gzip') })).toEqual([200, undefined]);
    expect(await push({ bytes: deflateSync(text), ...encoding('deflate') })).toEqual([200, undefined]);
    expect(await push({ bytes: brotliCompressSync(text), ...encoding('br') })).toEqual([200, undefined]);
    expect(pushed).toEqual(Array(4).fill(text.toString()));
  });

  it('[HTTP-06] broken and cut compression is body_encoding', async () => {
    expect(await push({ bytes: text, ...encoding('gzip') })).toEqual([400, 'body_encoding']);
    expect(await push({ bytes: gzipSync(text).subarray(0, 60), ...encoding('gzip') })).toEqual([
      400,
      'body_encoding',
    ]);
    expect(await push({ bytes: brotliCompressSync(text).subarray(0, 60), ...encoding('br') })).toEqual([
      400,
      'body_encoding',
    ]);
    const flipped = gzipSync(text);
    flipped[40] = flipped[40]! ^ 0xff;
    expect(await push({ bytes: flipped, ...encoding('gzip') })).toEqual([400, 'body_encoding']);
  });

  it('[HTTP-06] a cut body, bad UTF-8 and things that are not JSON are body_not_json', async () => {
    expect(await push({ bytes: text.subarray(0, 50) })).toEqual([400, 'body_not_json']);
    expect(await push({ bytes: Buffer.alloc(0) })).toEqual([400, 'body_not_json']);
    expect(await push({ bytes: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]) })).toEqual([400, 'body_not_json']);
    expect(await push({ bytes: Buffer.from('NaN') })).toEqual([400, 'body_not_json']);
  });

  it('[HTTP-06] more than the limit is body_too_large: announced, streamed, or unpacked', async () => {
    const large = Buffer.alloc(LIMIT + 1, 0x20);
    expect(await push({ bytes: large })).toEqual([413, 'body_too_large']);
    expect(await push({ bytes: large, chunked: true })).toEqual([413, 'body_too_large']);
    expect(await push({ bytes: gzipSync(large), ...encoding('gzip') })).toEqual([413, 'body_too_large']);
  });

  it('[HTTP-06] a bomb costs no more memory than the limit, in each encoding', async () => {
    const zeros = Buffer.alloc(150_000_000);
    const bombs = {
      gzip: gzipSync(zeros),
      deflate: deflateSync(zeros),
      br: brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
    };
    for (const [name, bytes] of Object.entries(bombs)) {
      const before = process.memoryUsage().arrayBuffers;
      expect(await push({ bytes: bytes.subarray(0, LIMIT - 1), ...encoding(name) })).toEqual([
        413,
        'body_too_large',
      ]);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
    }
  });

  it('[HTTP-06] other types and encodings are media_type', async () => {
    expect(await push({ bytes: text, headers: { 'content-type': 'text/plain' } })).toEqual([
      415,
      'media_type',
    ]);
    expect(
      await push({ bytes: text, headers: { 'content-type': 'application/json; charset=utf-8' } }),
    ).toEqual([200, undefined]);
    expect(await push({ bytes: text, ...encoding('zstd') })).toEqual([415, 'media_type']);
    expect(await push({ bytes: gzipSync(gzipSync(text)), ...encoding('gzip, gzip') })).toEqual([
      415,
      'media_type',
    ]);
  });

  it('[HTTP-06] a sender who goes away in the middle leaves the server well', async () => {
    const token = await http.token();
    await new Promise<void>((resolve) => {
      const socket = connect(http.port, '127.0.0.1', () => {
        socket.write(
          `POST /v1/push HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"protocol`,
          () => socket.destroy(),
        );
      });
      socket.on('close', () => resolve());
    });
    expect(await push({ bytes: text })).toEqual([200, undefined]);
  });

  it('[HTTP-09] too many mutations are batch_too_large, whatever they look like', async () => {
    const answer = await http.ask('/v1/push', { body: { ...pushBody(), mutations: Array(101).fill({}) } });
    expect([answer.status, answer.code, answer.params]).toEqual([
      413,
      'batch_too_large',
      { mutations: 101, limit: 100 },
    ]);
  });

  it('[HTTP-06] nesting without end is refused or taken as data, never a crash', async () => {
    const deep = `${'['.repeat(90_000)}${']'.repeat(90_000)}`;
    expect(await push({ bytes: Buffer.from(deep) })).toEqual([400, 'request_invalid']);
    const ack = await http.ask('/v1/ack', {
      bytes: Buffer.from(`{"clientId":"${uuid(1)}","settled":${deep}}`),
    });
    expect([ack.status, ack.code]).toEqual([400, 'request_invalid']);
  });
});
