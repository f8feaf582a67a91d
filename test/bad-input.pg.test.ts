import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Change, type Conflict, LIVE_CLOSE, type Outcome, type PushResponse } from '@satchel/protocol';
import {
  bigint,
  counter,
  date,
  decimal,
  defineApp,
  id,
  integer,
  json,
  real,
  review,
  set,
  table,
  text,
  timestamp,
} from '@satchel/schema';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Device, openDevice } from './whole/device.ts';
import { type Service, startService, tokenOf } from './whole/service.ts';

/* Hard values and broken requests on every road into the whole system. */

const app = defineApp({
  name: 'bad-input-whole',
  tables: {
    facts: table(
      {
        id: id(),
        storeId: text(),
        title: text({ nullable: true }),
        count: integer({ nullable: true }),
        weight: real({ nullable: true }),
        price: decimal({ nullable: true }),
        big: bigint({ nullable: true }),
        day: date({ nullable: true }),
        at: timestamp({ nullable: true }),
        extra: json({ nullable: true }),
        tags: set(),
        stock: counter(),
      },
      { scope: 'store:{storeId}', conflicts: { update: review() } },
    ),
  },
  scopesOf: () => ['store:1'],
});

type Cell = string | number | readonly unknown[] | Readonly<Record<string, unknown>>;
/** Column, value as on the wire, code with which it is refused. */
const HARD: readonly (readonly [string, Cell, string])[] = [
  ['title', 'a\u0000b', 'text_invalid'],
  ['title', '\ud800', 'text_invalid'],
  ['title', 'x'.repeat(1_048_577), 'text_too_long'],
  ['title', 7, 'value_type'],
  ['count', 2 ** 53, 'integer_out_of_range'],
  ['count', -(2 ** 53), 'integer_out_of_range'],
  ['count', 1.5, 'value_type'],
  ['stock', 2 ** 53, 'integer_out_of_range'],
  ['big', '9223372036854775808', 'integer_out_of_range'],
  ['big', 'many', 'value_type'],
  ['weight', 'NaN', 'value_type'],
  ['price', '1,5', 'value_type'],
  ['day', '2021-02-29', 'date_invalid'],
  ['day', '10000-01-01', 'date_invalid'],
  ['day', '0000-12-31', 'date_invalid'],
  ['at', 253_402_300_800_000, 'timestamp_out_of_range'],
  ['extra', { deep: ['a\u0000'] }, 'text_invalid'],
  ['tags', ['a\u0000'], 'text_invalid'],
];

let database: TestDatabase;
let service: Service;
let url: string;
let folder: string;
let device: Device;
let token: string;
let lastId = 0;
const uuid = (): string => {
  lastId += 1;
  return `0192f0c1-7a3e-7c11-9a5e-${String(lastId).padStart(12, '0')}`;
};

beforeAll(async () => {
  database = await testDatabase();
  service = await startService({ app, database: database.url });
  ({ url } = service.server);
  folder = await mkdtemp(join(tmpdir(), 'satchel-bad-'));
  token = await tokenOf('root', ['admin']);
  device = await openDevice({
    app,
    directory: folder,
    server: url,
    userId: 'ana',
    token: () => tokenOf('ana'),
  });
  await database.db.query(`insert into public.facts (id, store_id, stock) values ('there', '1', 1)`);
  await device.db.sync.now();
});
afterAll(async () => {
  await device.close();
  await service.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
  expect(service.errors).toEqual([]);
});

/** All that could have been changed on the server, in one text; what is only noted of requests is left out. */
const serverState = async (): Promise<string> => {
  const { rows } = await database.db.query<{ state: string }>(
    `select concat_ws(' ',
       (select md5(string_agg(f::text, ',' order by id)) from public.facts f),
       (select md5(string_agg(e::text, ',' order by scope, key)) from satchel.entries e),
       (select md5(string_agg(c::text, ',' order by conflict_id)) from satchel.conflicts c),
       (select count(*) from satchel.audit), (select count(*) from satchel.held)) as state`,
  );
  return rows[0]?.state ?? '';
};
/** All that could have been changed on the device. */
const deviceState = async (): Promise<string> =>
  JSON.stringify([
    await device.db.all('select * from facts order by id'),
    await device.db.outbox.list(),
    await device.db.quarantine.list(),
  ]);

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly json: unknown;
}
const ask = async (path: string, body: unknown, bearer = token): Promise<Answer> => {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const told = (await answer.json().catch(() => undefined)) as { error?: { code?: string } } | undefined;
  return { status: answer.status, code: told?.error?.code, json: told };
};

const clientId = uuid();
const runId = uuid();
let seq = 0;
const pushOne = async (change: Change, more: object = {}): Promise<Outcome> => {
  seq += 1;
  const hlc = `${Date.now()}:0:tester`;
  const { status, json: told } = await ask('/v1/push', {
    protocolVersion: 1,
    schemaVersion: 1,
    batchId: uuid(),
    clientId,
    runId,
    sentAt: hlc,
    mutations: [
      { mutationId: uuid(), seq, hlc, author: 'root', schemaVersion: 1, changes: [change], ...more },
    ],
  });
  expect(status).toBe(200);
  const [answer] = (told as PushResponse).answers;
  if (answer?.kind !== 'outcome') throw new Error(JSON.stringify(answer));
  return answer.outcome;
};
const codeOf = ({ problem, changes }: Outcome): string | undefined =>
  problem?.code ?? changes.find((change) => change.problem)?.problem?.code;

const snake = (column: string): string => column.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
/** As an app would bind it. */
const parameter = (value: Cell): unknown => (typeof value === 'object' ? JSON.stringify(value) : value);

describe('hard values', () => {
  test('[POINT-8] in a push: refused with their code, nothing else changed', async () => {
    const before = await serverState();
    for (const [column, value, code] of HARD) {
      const insert = await pushOne({
        table: 'facts',
        op: 'insert',
        key: 'new',
        values: { id: 'new', storeId: '1', stock: 0, tags: [], [column]: value } as never,
      });
      expect([column, value, insert.outcome, codeOf(insert)]).toEqual([column, value, 'rejected', code]);
      const update = await pushOne({
        table: 'facts',
        op: 'update',
        key: 'there',
        values: { [column]: value } as never,
        confirmed: {
          version: 1,
          values: { [column]: column === 'stock' ? 1 : column === 'tags' ? [] : null },
        },
      });
      expect([column, value, update.outcome, codeOf(update)]).toEqual([column, value, 'rejected', code]);
    }
    expect(await serverState()).toBe(before);
  });

  test('[POINT-8] in what the user is said to have seen: judged or refused, never taken over', async () => {
    const before = await serverState();
    for (const [column, value] of HARD) {
      const outcome = await pushOne({
        table: 'facts',
        op: 'update',
        key: 'there',
        values: { title: null },
        confirmed: { version: 1, values: { title: null, [column]: value } as never },
      });
      expect(['rejected', 'applied', 'merged']).toContain(outcome.outcome);
    }
    const { rows } = await database.db.query(`select stock, title from public.facts where id = 'there'`);
    expect(rows).toEqual([{ stock: 1, title: null }]);
    expect((await serverState()).split(' ')[0]).toBe(before.split(' ')[0]);
  });

  test('[POINT-8] in an offer after a restore: refused with their code, nothing else changed', async () => {
    const before = await serverState();
    for (const [column, value, code] of HARD) {
      const outcome = await pushOne(
        {
          table: 'facts',
          op: 'insert',
          key: 'offered',
          values: { id: 'offered', storeId: '1', stock: 0, tags: [], [column]: value } as never,
        },
        { offer: { epoch: 'before', outcome: 'applied', versions: [1_000_000], columns: [[column]] } },
      );
      expect([column, value, outcome.outcome, codeOf(outcome)]).toEqual([column, value, 'rejected', code]);
    }
    expect(await serverState()).toBe(before);
  });

  test('[POINT-8] in the decision of a conflict: refused with their code, the conflict stays open', async () => {
    const shown = {
      title: 'a',
      count: 1,
      weight: 1,
      price: '1',
      big: '1',
      day: '2020-01-01',
      at: 0,
      extra: {},
    };
    await database.db.query(
      `insert into public.facts (id, store_id, title, count, weight, price, big, day, at, extra, stock)
       values ('clash', '1', 'b', 2, 2, 2, 2, '2020-01-02', '1970-01-01 00:00:02Z', '[2]', 0)`,
    );
    const outcome = await pushOne({
      table: 'facts',
      op: 'update',
      key: 'clash',
      values: {
        ...shown,
        title: 'c',
        count: 3,
        weight: 3,
        price: '3',
        big: '3',
        day: '2020-01-03',
        at: 3,
        extra: [3],
      },
      confirmed: { version: 1, values: shown },
    });
    expect(outcome.outcome).toBe('review');
    const { rows } = await database.db.query<{ conflict_id: string }>(
      `select conflict_id from satchel.conflicts where key = 'clash' and state = 'open'`,
    );
    const conflictId = rows[0]?.conflict_id ?? '';
    const before = await serverState();
    for (const [column, value, code] of HARD) {
      if (!(column in shown)) continue;
      const answer = await ask(`/v1/conflicts/${conflictId}/resolve`, {
        decision: 'merged',
        fields: { [column]: { take: 'value', value } },
      });
      // Text that PostgreSQL cannot hold does not pass the door.
      const told = code === 'text_invalid' ? 'request_invalid' : code;
      expect([column, value, answer.code]).toEqual([column, value, told]);
      expect(answer.status).toBeLessThan(500);
    }
    const unknown = { decision: 'merged', fields: { colour: { take: 'server' } } };
    expect((await ask(`/v1/conflicts/${conflictId}/resolve`, unknown)).code).toBe('column_unknown');
    expect(await serverState()).toBe(before);
    const good = { decision: 'merged', fields: { title: { take: 'value', value: 'a 😀 e\u0301' } } };
    const settled = await ask(`/v1/conflicts/${conflictId}/resolve`, good);
    expect((settled.json as Conflict).state).toBe('settled');
  });

  test('[POINT-8] in plain SQL: refused by the table, or read in canonical form by every device', async () => {
    const cells: [string, string][] = [
      ['count', '9007199254740993'],
      ['stock', '-9007199254740993'],
      ['weight', `'NaN'`],
      ['weight', `'Infinity'`],
      ['weight', '5e-324'],
      ['price', `'NaN'`],
      ['price', '1.500'],
      ['day', `'infinity'`],
      ['day', `'0044-03-15 BC'`],
      ['day', `'10000-01-01'`],
      ['at', `'-infinity'`],
      ['at', `'2020-01-01 00:00:00.123456Z'`],
      ['extra', `'{"b": 1e400, "a": 12345678901234567890}'`],
      ['title', `repeat('x', 1048577)`],
      ['title', `e'\\u200b e\\u0301'`],
    ];
    let written = 0;
    for (const [at, [column, sql]] of cells.entries()) {
      const insert = `insert into public.facts (id, store_id, stock${column === 'stock' ? '' : `, ${column}`})
         values ('sql${at}', '1', ${column === 'stock' ? sql : `0, ${sql}`})`;
      const refusal = await database.db.query(insert).then(
        () => undefined,
        (error: { readonly code?: string }) => error.code,
      );
      // A check of ours, or a value that PostgreSQL itself has not.
      expect([undefined, '23514', '22003', '22008', '22007', '22P02']).toContain(refusal);
      if (refusal === undefined) written += 1;
    }
    expect(written).toBeGreaterThan(3);
    const run = await device.db.sync.now();
    expect(run?.problem).toBeUndefined();
    const { n } = (await device.db.get(`select count(*) as n from facts where id like 'sql%'`)) ?? {};
    expect(n).toBe(written);
    expect(await device.db.verify({ depth: 'deep', repair: false })).toMatchObject({
      equal: true,
      repairedRows: 0,
    });
  });

  test('[POINT-8] written on a device: refused with their code, outbox and rows as they were', async () => {
    const before = await deviceState();
    const local: readonly (readonly [string, unknown, string])[] = [
      ...HARD.map(([column, value, code]) => [column, parameter(value), code] as const),
      ['weight', Number.NaN, 'number_not_finite'],
      ['weight', Number.POSITIVE_INFINITY, 'number_not_finite'],
      ['title', new Uint8Array([1]), 'value_type'],
      ['count', 9_007_199_254_740_993n, 'integer_out_of_range'],
    ];
    for (const [column, value, code] of local) {
      // SQLite's own typing makes text of it before anybody is asked.
      if (column === 'title' && value === 7) continue;
      const statements = [
        { sql: `update facts set ${snake(column)} = ? where id = 'there'`, parameters: [value] },
        {
          sql: `insert into facts (id, store_id, stock, ${column === 'stock' ? 'count' : snake(column)}) values ('new', '1', ?, ?)`,
          parameters: column === 'stock' ? [value, null] : [0, value],
        },
      ];
      for (const statement of statements) {
        const refusal = await device.db.write([statement]).then(
          () => undefined,
          (error: { readonly code?: string }) => error.code,
        );
        expect([column, value, refusal]).toEqual([column, value, code]);
      }
    }
    expect(await deviceState()).toBe(before);
  });

  test('[POINT-8] in a retry from quarantine: refused with their code, the mutation stays there', async () => {
    await device.db.write([{ sql: `insert into facts (id, store_id, stock) values ('strange', '2', 0)` }]);
    await device.db.sync.now();
    const [entry] = await device.db.quarantine.list();
    expect(entry).toMatchObject({ problem: { code: 'scope_denied' } });
    const mutationId = entry?.mutationId ?? '';
    const [before, atServer] = [await deviceState(), await serverState()];
    for (const [column, value, code] of HARD) {
      const refusal = await device.db.quarantine
        .retry(mutationId, [{ change: 0, values: { [column]: value as never } }])
        .then(
          () => undefined,
          (error: { readonly code?: string }) => error.code,
        );
      expect([column, value, refusal]).toEqual([column, value, code]);
    }
    expect(await deviceState()).toBe(before);
    expect(await serverState()).toBe(atServer);
    await device.db.quarantine.retry(mutationId, [{ change: 0, values: { storeId: '1', title: 'good' } }]);
    await device.db.sync.now();
    const { rows } = await database.db.query(`select title from public.facts where id = 'strange'`);
    expect(rows).toEqual([{ title: 'good' }]);
  });

  test('[POINT-8] in a filter: refused, or an empty answer; never an error of the server', async () => {
    const before = await serverState();
    for (const [column, value] of HARD) {
      const answer = await ask('/v1/pull', {
        protocolVersion: 1,
        schemaVersion: 1,
        clientId,
        cursor: null,
        subscription: { filters: { facts: [{ column, op: '=', value }] } },
      });
      expect([200, 400, 413, 422], `${column} ${String(value).slice(0, 20)}`).toContain(answer.status);
    }
    expect(await serverState()).toBe(before);
  });
});

describe('broken requests', () => {
  test('[POINT-8] a body that ends before its length: nothing happened, and the server goes on', async () => {
    const before = await serverState();
    const body = gzipSync(JSON.stringify({ protocolVersion: 1, mutations: [] }));
    for (const path of ['/v1/push', '/v1/pull', '/v1/ack', '/v1/digests', '/v1/versions', '/v1/rows']) {
      const socket = connect(service.server.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n` +
          `content-encoding: gzip\r\ncontent-length: ${body.length + 10}\r\n\r\n`,
      );
      socket.write(body.subarray(0, body.length - 4));
      socket.destroySoon();
      await once(socket, 'close');
    }
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await serverState()).toBe(before);
  });

  test('[POINT-8] one local transaction of a million changes fails at once and says the limits', async () => {
    const before = await deviceState();
    const million = `with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000)
      insert into facts (id, store_id, stock) select 'm' || i, '1', 0 from n`;
    await expect(device.db.write([{ sql: million }])).rejects.toMatchObject({
      code: 'mutation_too_large',
      params: { changes: expect.any(Number), maxChanges: 10_000 },
    });
    expect(await deviceState()).toBe(before);
  }, 120_000);
});

describe('the live socket', () => {
  const hello = async (over: object = {}): Promise<object> => ({
    type: 'hello',
    protocolVersion: 1,
    schemaVersion: 1,
    token: await tokenOf('root'),
    clientId: uuid(),
    cursor: null,
    ...over,
  });
  /** Says these things, one after the other; resolves to the code that was told and the close code. */
  const say = async (
    ...messages: readonly (object | string | Buffer)[]
  ): Promise<[string | null, number | null]> => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/live`);
    await once(socket, 'open');
    let told: string | null = null;
    socket.on('message', (data) => {
      const message = JSON.parse(String(data).split('\n')[0] ?? '') as {
        type?: string;
        problem?: { code: string };
      };
      if (message.type === 'problem') told = message.problem?.code ?? null;
      else if (message.type === 'poke') told ??= 'poke';
    });
    const closed = once(socket, 'close').then(([code]) => code as number);
    for (const message of messages)
      socket.send(
        typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message),
      );
    const stays = new Promise<null>((done) => setTimeout(() => done(null), 1_500));
    const code = await Promise.race([closed, stays]);
    socket.close();
    return [told, code];
  };

  test('[POINT-8] wrong words, tokens, versions and cursors have their codes and change nothing', async () => {
    const before = await serverState();
    const foreign = Buffer.from(JSON.stringify({ v: 1, epoch: 'x' })).toString('base64url');
    const expired = await import('@satchel/server').then(({ signToken, systemClock }) =>
      signToken(
        'a secret of the whole-system tests, long enough',
        { userId: 'root', lifetime: -60 },
        systemClock,
      ),
    );
    const cases: [string, [string | null, number | null], (object | string | Buffer)[]][] = [
      ['no JSON', ['request_invalid', LIVE_CLOSE.invalid], ['{"type":"hel']],
      ['bytes', [null, LIVE_CLOSE.invalid], [Buffer.from([0, 255, 254])]],
      ['an unknown word', ['request_invalid', LIVE_CLOSE.invalid], [{ type: 'shout' }]],
      ['resume before hello', ['request_invalid', LIVE_CLOSE.invalid], [{ type: 'resume', cursor: 'x' }]],
      ['an unknown field', ['request_invalid', LIVE_CLOSE.invalid], [await hello({ more: 1 })]],
      [
        'a client that is none',
        ['request_invalid', LIVE_CLOSE.invalid],
        [await hello({ clientId: 'a\u0000' })],
      ],
      ['a wrong token', ['auth_invalid', LIVE_CLOSE.needsAuth], [await hello({ token: 'x' })]],
      ['a token with NUL', ['auth_invalid', LIVE_CLOSE.needsAuth], [await hello({ token: 'a\u0000.b.c' })]],
      ['an expired token', ['auth_expired', LIVE_CLOSE.needsAuth], [await hello({ token: expired })]],
      ['a schema of tomorrow', ['schema_ahead', LIVE_CLOSE.goingAway], [await hello({ schemaVersion: 99 })]],
      [
        'a protocol of tomorrow',
        ['protocol_too_new', LIVE_CLOSE.goingAway],
        [await hello({ protocolVersion: 99 })],
      ],
      // Told to pull, and the pull says what is wrong with the cursor.
      ['a cursor that is none', ['poke', null], [await hello({ cursor: 'junk' })]],
      ['a foreign cursor', ['poke', null], [await hello({ cursor: foreign })]],
      ['resume with a foreign cursor', ['poke', null], [await hello(), { type: 'resume', cursor: foreign }]],
      [
        'a wrong new token',
        ['auth_invalid', LIVE_CLOSE.needsAuth],
        [await hello(), { type: 'token', token: 'x' }],
      ],
    ];
    const answers = await Promise.all(cases.map(([, , messages]) => say(...messages)));
    expect(cases.map(([what], at) => [what, ...(answers[at] ?? [])])).toEqual(
      cases.map(([what, expected]) => [what, ...expected]),
    );
    expect((await say('x'.repeat(2_000_000)))[1]).not.toBeNull();
    expect(await serverState()).toBe(before);
    expect(service.errors).toEqual([]);
  });
});
