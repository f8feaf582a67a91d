import { Writable } from 'node:stream';
import { InvariantError, SatchelError } from '@satchel/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { type HttpFixture, pullBody, pushBody, startHttp, uuid } from '../../test/http-fixture.ts';
import { errorReport } from './error-report.ts';
import { createLog } from './log.ts';

let http: HttpFixture | undefined;
afterEach(async () => {
  await http?.close();
  http = undefined;
});

describe('logs', () => {
  it('[HTTP-16] hold no row contents, no keys and no tokens, whatever goes wrong', async () => {
    const SECRETS = ['Zinnober', 'ключ-строки'];
    http = await startHttp({
      push: async () => {
        throw Object.assign(new Error('Key (name)=(Zinnober) already exists'), {
          detail: 'Zinnober',
          code: '23505',
        });
      },
      pull: async () => {
        throw new SatchelError('value_type', {
          table: 't',
          column: 'c',
          key: 'Zinnober',
          expected: 'text',
          found: 'Zinnober',
        });
      },
      rowHistory: async () => {
        throw new TypeError('x is not a function');
      },
      ack: async () => JSON.parse('{"name": "Zinnober'),
    });
    const token = await http.token({ claims: { name: 'Zinnober' } });
    const push = pushBody();
    push.mutations[0]!.changes[0]!.values.name = 'Zinnober';
    expect((await http.ask('/v1/push', { body: push, token })).status).toBe(500);
    expect((await http.ask('/v1/pull', { body: pullBody(), token })).status).toBe(422);
    await http.ask('/v1/ack', { body: { clientId: uuid(2), settled: [] }, token });
    await http.ask('/v1/push', { bytes: Buffer.from('{"Zinnober'), token });
    await http.ask(`/v1/history/products/${encodeURIComponent('ключ-строки')}`, { token });
    await http.ask('/v1/conflicts?after=Zinnober', { token });
    await http.ask('/v1/status', { token: `${token}Zinnober` });
    await http.ask('/Zinnober', { token });
    const text = http.log.join('');
    for (const secret of [...SECRETS, token, token.split('.')[2]!, encodeURIComponent('ключ-строки')])
      expect(text).not.toContain(secret);
    const lines = http.log.map((line) => JSON.parse(line));
    expect(lines.filter(({ msg }) => msg === 'request')).toHaveLength(8);
    expect(lines).toContainEqual(
      expect.objectContaining({
        msg: 'request',
        route: '/v1/push',
        method: 'POST',
        status: 500,
        code: 'server_error',
        user: 'ana',
        requestId: expect.any(String),
        ms: expect.any(Number),
      }),
    );
    expect(lines.find(({ error }) => error?.code === '23505').error.message).toBeUndefined();
    expect(lines.find(({ error }) => error?.name === 'TypeError').error.message).toBe('x is not a function');
  });

  it('[HTTP-16] secret names are redacted even if somebody logs them', () => {
    const lines: string[] = [];
    const destination = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString());
        done();
      },
    });
    const log = createLog({ destination });
    log.info(
      {
        token: 'Zinnober',
        nested: { authorization: 'Zinnober', values: { a: 'Zinnober' } },
        table: 'products',
      },
      'x',
    );
    log.warn({ err: new Error('Key (name)=(Zinnober) exists'), error: new Error('Zinnober') }, 'y');
    expect(lines.join('')).not.toContain('Zinnober');
    expect(JSON.parse(lines[1]!).err.stack.length).toBeGreaterThan(0);
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'info', table: 'products', token: '[redacted]' });
  });

  it('[HTTP-16] an error is reported by name, code and stack; causes too, to a bound', () => {
    const loop = new Error('Zinnober');
    loop.cause = loop;
    const report = errorReport(new SatchelError('server_error', {}, { cause: loop }));
    expect(report).toMatchObject({ name: 'SatchelError', code: 'server_error', cause: { name: 'Error' } });
    expect(JSON.stringify(report)).not.toContain('Zinnober');
    expect(errorReport(new InvariantError('the lane exists')).message).toBe('the lane exists');
    expect(errorReport(new InvariantError('unreachable: "Zinnober"')).message).toBeUndefined();
    expect(errorReport('Zinnober')).toEqual({ name: 'string', stack: [] });
  });
});
