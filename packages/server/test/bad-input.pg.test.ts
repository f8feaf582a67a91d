import { Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import {
  bigint,
  counter,
  date,
  decimal,
  defineApp,
  id,
  json,
  real,
  set,
  table,
  text,
  timestamp,
} from '@satchel/schema';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../src/http/log.ts';
import { ROUTES } from '../src/http/routes.ts';
import { developmentIssuer } from '../src/operate/development-issuer.ts';
import { createServer, type SatchelServer } from '../src/server.ts';
import { systemClock, systemRandom } from '../src/system.ts';
import { type Ask, ask, uuid } from './http-fixture.ts';
import { WireClient } from './wire-client.ts';

const app = defineApp({
  name: 'bad-input',
  tables: {
    values: table(
      {
        id: id(),
        storeId: text(),
        title: text({ nullable: true }),
        weight: real({ nullable: true }),
        price: decimal({ nullable: true }),
        big: bigint({ nullable: true }),
        day: date({ nullable: true }),
        at: timestamp({ nullable: true }),
        extra: json({ nullable: true }),
        tags: set(),
        stock: counter(),
      },
      { scope: 'store:{storeId}' },
    ),
  },
  scopesOf: ({ claims }) => [`store:${String(claims.storeId)}`],
});

const issuer = developmentIssuer({ clock: systemClock, random: systemRandom });
let database: TestDatabase;
let server: SatchelServer;
let token = '';
const log: string[] = [];

beforeAll(async () => {
  database = await testDatabase();
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log.push(chunk.toString());
      done();
    },
  });
  server = await createServer({
    app,
    database: database.url,
    auth: issuer.auth,
    log: createLog({ destination, level: 'debug' }),
    limits: { requestsPerMinute: 100_000, bodyBytes: 2_000_000 },
    rate: { perAddress: 100_000 },
  });
  token = await issuer.issue({ userId: 'ana', roles: ['admin'], claims: { storeId: 's1' } });
});
afterAll(async () => {
  await server.stop(0);
  await database.drop();
});

/** Everything that a request could have changed, in one text. */
const state = async (): Promise<string> => {
  const { rows } = await database.db.query<{ state: string }>(
    `select concat_ws(' ',
       (select count(*) from satchel.batches), (select count(*) from satchel.mutations),
       (select count(*) from satchel.conflicts), (select count(*) from satchel.audit),
       (select count(*) from satchel.entries), (select count(*) from satchel.clients where revoked is not null),
       (select coalesce(sum(hashtext(v::text)), 0) from public."values" v)) as state`,
  );
  return rows[0]!.state;
};

const request = (path: string, options: Ask) => ask(`${server.url}${path}`, options.token ?? token, options);
const pathOf = (path: string) =>
  path.replace('{id}', uuid(7)).replace('{table}', 'values').replace('{key}', 'k');

describe('bad input', () => {
  it('[HTTP-22] on every route: its code, nothing changed, never a 500', async () => {
    const before = await state();
    const expired = await issuer.issue({ userId: 'ana', lifetime: -60 });
    const seen = new Set<string>();
    const junk = Buffer.from('{"a":'.repeat(1_000));
    for (const { path, method, body } of ROUTES) {
      const at = pathOf(path);
      const asks: [string, Ask][] = [
        ['auth_expired', { method, token: expired }],
        ['auth_invalid', { method, token: 'wrong' }],
        ['method_not_allowed', { method: 'DELETE' }],
      ];
      if (body !== undefined)
        asks.push(
          [
            'body_encoding',
            { method, bytes: Buffer.from('not gzip'), headers: { 'content-encoding': 'gzip' } },
          ],
          [
            'body_encoding',
            {
              method,
              bytes: gzipSync('{"clientId":"x"}').subarray(0, 12),
              headers: { 'content-encoding': 'gzip' },
            },
          ],
          ['body_not_json', { method, bytes: Buffer.from('{"cut": "of') }],
          ['body_not_json', { method, bytes: junk }],
          ['body_not_json', { method, bytes: Buffer.from([0xc3, 0x28]) }],
          [
            'body_too_large',
            {
              method,
              bytes: gzipSync(Buffer.alloc(3_000_000, 0x20)),
              headers: { 'content-encoding': 'gzip' },
            },
          ],
          ['media_type', { method, bytes: Buffer.from('{}'), headers: { 'content-type': 'text/html' } }],
          ['request_invalid', { method, body: { unheardOf: true } }],
          ['request_invalid', { method, body: [[[]]] }],
          ['request_invalid', { method, body: 'text' }],
          ['request_invalid', { method, body: null }],
        );
      for (const [code, options] of asks) {
        const answer = await request(at, options);
        expect([path, code, answer.code]).toEqual([path, code, code]);
        expect(answer.status).toBeLessThan(500);
        seen.add(code);
      }
    }
    expect(seen.size).toBe(8);
    expect(await state()).toBe(before);
  });

  it('[HTTP-22] unknown ids, tables, scopes and cursors have their codes on every route that takes one', async () => {
    const before = await state();
    const client = new WireClient(server.url, 'ana', token);
    const { clientId } = client;
    const pull = (cursor: unknown) => ({ protocolVersion: 1, schemaVersion: 1, clientId, cursor });
    const foreign = Buffer.from(JSON.stringify({ v: 1, epoch: 'x' })).toString('base64url');
    const cases: [string, string, unknown, number[]][] = [
      ['cursor_invalid', '/v1/pull', pull('junk'), [400]],
      ['cursor_invalid', '/v1/pull', pull(foreign), [400]],
      ['cursor_invalid', '/v1/digests', { clientId, cursor: 'junk', depth: 'deep' }, [400]],
      ['schema_ahead', '/v1/pull', { ...pull(null), schemaVersion: 99 }, [409]],
      [
        'schema_ahead',
        '/v1/push',
        {
          ...client.pushBody([client.mutation([{ table: 'values', op: 'delete', key: 'k' }])]),
          schemaVersion: 99,
        },
        [409],
      ],
      [
        'filter_invalid',
        '/v1/pull',
        { ...pull(null), subscription: { filters: { values: [{ column: 'no', op: '=', value: 1 }] } } },
        [400],
      ],
      ['batch_unknown', `/v1/batches/${uuid(7)}/replay`, {}, [404]],
      ['client_unknown', `/v1/clients/${uuid(7)}/revoke`, {}, [404]],
      ['client_unknown', `/v1/clients/${uuid(7)}/restore`, {}, [404]],
    ];
    for (const [code, path, body, statuses] of cases) {
      const answer = await request(path, { body });
      expect([path, answer.code]).toEqual([path, code]);
      expect(statuses).toContain(answer.status);
    }
    for (const [code, path] of [
      ['batch_unknown', `/v1/batches/${uuid(7)}`],
      ['table_unknown', '/v1/history/nothing/k'],
      ['request_invalid', '/v1/history/values/k?after=x'],
      ['request_invalid', '/v1/clients?after=x'],
    ] as const)
      expect([path, (await request(path, {})).code]).toEqual([path, code]);
    expect(await state()).toBe(before);
  });

  it('[HTTP-22] every hard value in a push is answered, mutation by mutation, and leaves no trace where refused', async () => {
    const client = new WireClient(server.url, 'ana', token);
    const cases: [string, Record<string, unknown>][] = [
      ['text_invalid', { title: 'a\u0000b' }],
      ['text_invalid', { title: '\ud800' }],
      ['text_too_long', { title: 'x'.repeat(1_048_577) }],
      ['integer_out_of_range', { stock: 2 ** 53 }],
      ['integer_out_of_range', { stock: -(2 ** 53) }],
      ['value_type', { stock: 1.5 }],
      ['value_type', { stock: '7' }],
      ['value_required', { stock: null }],
      ['value_type', { weight: 'NaN' }],
      ['value_type', { title: 7 }],
      ['date_invalid', { day: '2026-02-30' }],
      ['date_invalid', { day: '10000-01-01' }],
      ['timestamp_out_of_range', { at: 8_640_000_000_000_000 }],
      ['text_invalid', { extra: { deep: ['a\u0000'] } }],
      ['text_invalid', { tags: ['a\u0000'] }],
      ['column_unknown', { colour: 'red' }],
    ];
    const values = { id: 'hard', storeId: 's1', stock: 0 };
    const before = (await database.db.query('select id from public."values"')).rowCount;
    for (const [code, hard] of cases) {
      const { answers } = await client.push([
        client.mutation([
          { table: 'values', op: 'insert', key: 'hard', values: { ...values, ...hard } as never },
        ]),
      ]);
      const answer = answers[0]!;
      const outcome = answer.kind === 'outcome' ? answer.outcome : undefined;
      const told =
        outcome?.problem?.code ??
        outcome?.changes.find(({ problem }) => problem !== undefined)?.problem?.code;
      expect([code, hard, outcome?.outcome, told]).toEqual([code, hard, 'rejected', code]);
    }
    expect((await database.db.query('select id from public."values"')).rowCount).toBe(before);
  });

  it('[HTTP-22] hard values that are good are kept to the last bit', async () => {
    const client = new WireClient(server.url, 'ana', token);
    await client.pull();
    const good: Record<string, unknown>[] = [
      { title: 'é versus e\u0301', weight: 0.1 + 0.2 },
      { title: '', weight: 5e-324, stock: 2 ** 53 - 1 },
      { title: '😀'.repeat(100), weight: -1.7976931348623157e308, stock: -(2 ** 53 - 1) },
      { day: '0001-01-01', at: -62135596800000 },
      { day: '9999-12-31', at: 253402300799999 },
      { price: '-123456789012345678901234567890.123456789', big: '-9223372036854775808' },
      { extra: { a: [null, true, 1e-7, { '': '' }] }, tags: ['a', 'b'] },
    ];
    const { answers } = await client.push(
      good.map((values, i) =>
        client.mutation([
          {
            table: 'values',
            op: 'insert',
            key: `good${i}`,
            values: { id: `good${i}`, storeId: 's1', stock: 0, ...values } as never,
          },
        ]),
      ),
    );
    expect(answers.map((answer) => answer.kind === 'outcome' && answer.outcome.outcome)).toEqual(
      good.map(() => 'applied'),
    );
    await client.pull();
    for (const [i, values] of good.entries())
      expect(client.rows.get(`values good${i}`)).toMatchObject(values);
  });

  it('[HTTP-22] names that PostgreSQL cannot hold, strange keys and foreign authors inside a push do no harm', async () => {
    const client = new WireClient(server.url, 'ana', token);
    const change = {
      table: 'values',
      op: 'insert',
      key: 'x',
      values: { id: 'x', storeId: 's1', stock: 0 },
    } as const;
    const cases: [string, unknown[], string[]][] = [
      [
        'NUL in a key',
        [{ ...change, key: 'a\u0000', values: { ...change.values, id: 'a\u0000' } }],
        ['key_invalid', 'text_invalid'],
      ],
      [
        'lone surrogate in a key',
        [{ ...change, key: '\udc00', values: { ...change.values, id: '\udc00' } }],
        ['key_invalid', 'text_invalid'],
      ],
      ['NUL in a table', [{ ...change, table: 'a\u0000' }], ['table_unknown']],
      ['a prototype as table', [{ ...change, table: '__proto__' }], ['table_unknown']],
      [
        'a constructor as column',
        [{ ...change, values: { ...change.values, constructor: 1 } }],
        ['column_unknown'],
      ],
      ['another key than its id', [{ ...change, key: 'y' }], ['key_changed', 'key_invalid', 'value_type']],
      [
        'a scope that is not mine',
        [{ ...change, values: { ...change.values, storeId: 's2' } }],
        ['scope_denied'],
      ],
      [
        'a delete of nothing',
        [{ table: 'values', op: 'delete', key: 'nothing' }],
        ['row_missing', 'applied', 'superseded'],
      ],
    ];
    for (const [what, changes, codes] of cases) {
      const { answers } = await client.push([client.mutation(changes as never)]);
      const outcome = answers[0]!.kind === 'outcome' ? answers[0]!.outcome : undefined;
      const told =
        outcome?.problem?.code ??
        outcome?.changes.find(({ problem }) => problem)?.problem?.code ??
        outcome?.outcome;
      expect(codes, what).toContain(told);
    }
    const named = { ...client.mutation([change]), name: 'f\u0000' };
    const authored = { ...client.mutation([change]), author: 'ben\u0000' };
    for (const mutation of [named, authored]) {
      const answer = await client.post('/v1/push', client.pushBody([mutation]));
      expect(answer.status).toBeLessThan(500);
    }
  });

  it('[HTTP-22] a mutation of more changes than allowed is refused alone; one of a million does not fit a body', async () => {
    const client = new WireClient(server.url, 'ana', token);
    const many = client.mutation(
      Array.from({ length: 10_001 }, (_, i) => ({ table: 'values', op: 'delete', key: `m${i}` })),
    );
    const good = client.mutation([
      { table: 'values', op: 'insert', key: 'beside', values: { id: 'beside', storeId: 's1', stock: 1 } },
    ]);
    const { answers } = await client.push([many, good]);
    expect(answers[0]).toMatchObject({
      outcome: { outcome: 'rejected', problem: { code: 'mutation_too_large' } },
    });
    expect(answers[1]).toMatchObject({ outcome: { outcome: 'applied' } });
    const million = client.mutation(
      Array.from({ length: 1_000_000 }, () => ({ table: 'values', op: 'delete', key: 'm' })),
    );
    const answer = await client.post('/v1/push', client.pushBody([million]));
    expect([answer.status, answer.code]).toEqual([413, 'body_too_large']);
  });

  it('[HTTP-16] and nothing of all that is in the log, which has no error', () => {
    const lines = log.map((line) => JSON.parse(line));
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
    const text = log.join('');
    for (const secret of [token, 'nothing-but-a-secret', 'é versus', '123456789012345678901234567890'])
      expect(text).not.toContain(secret);
  });
});
