import { defineApp, id, type Principal, table, text } from '@satchel/schema';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerContext } from '../context.ts';
import { silentLog } from '../http/log.ts';
import { systemClock, systemRandom, systemScheduler } from '../system.ts';
import { showBatch } from './batch-record.ts';
import { rowHistory } from './row-history.ts';

const app = defineApp({
  name: 'records',
  tables: {
    products: table(
      { id: id(), storeId: text(), name: text(), cost: text() },
      { scope: 'store:{storeId}', access: { columns: { cost: { read: 'owner' } } } },
    ),
    ledger: table({ id: id(), storeId: text() }, { scope: 'store:{storeId}', access: { read: 'owner' } }),
  },
  scopesOf: ({ claims }) => [`store:${String(claims.storeId)}`],
});

const uuid = (n: number) => `0192f0c1-7a3e-7c11-9a5e-${String(n).padStart(12, '0')}`;
const principal = (given: { user?: string; roles?: string[]; store?: string } = {}): Principal => ({
  id: `|${given.user ?? 'ana'}`,
  userId: given.user ?? 'ana',
  roles: given.roles ?? ['clerk'],
  channel: 'mobile',
  claims: { storeId: given.store ?? 's1' },
  expiresAt: 0,
});

let database: TestDatabase;
let ctx: ServerContext;
beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  const { rows } = await db.query<{ name: string; table_id: number }>(
    `insert into satchel.tables (name) values ('products'), ('ledger') returning name, table_id`,
  );
  const tableIds = new Map(rows.map(({ name, table_id }) => [name, table_id]));
  ctx = {
    app,
    db,
    tableIds,
    clock: systemClock,
    random: systemRandom,
    scheduler: systemScheduler,
    log: silentLog,
    limits: {
      pageRows: 1,
      answerBytes: 1,
      batchMutations: 1,
      bodyBytes: 1,
      requestsPerMinute: 1,
      liveBufferBytes: 1,
    },
  };
  const products = tableIds.get('products');
  await db.query(
    `insert into satchel.entries (table_id, key, scope, xid, version, present, deleted)
     values ($1, 'k', 'store:s1', pg_current_xact_id(), 1, true, false), ($1, 'k', 'store:s2', pg_current_xact_id(), 1, false, false)`,
    [products],
  );
  for (let i = 1; i <= 5; i++)
    await db.query(
      `insert into satchel.audit (at, table_id, key, op, before, after, version, source, mutation_id, user_id)
       values ($1, $2, 'k', 'update', $3, $4, $1, 'push', $5, 'ben')`,
      [
        i,
        products,
        { id: 'k', name: `n${i - 1}`, cost: '7' },
        { id: 'k', name: `n${i}`, cost: '8' },
        uuid(i),
      ],
    );
  await db.query(
    `insert into satchel.batches (batch_id, principal, client_id, received_at, channel, roles, claims, body)
     values ($1, '|ana', $2, 5, 'mobile', '{}', '{}', '{"raw": 1}')`,
    [uuid(50), uuid(51)],
  );
  await db.query(
    `insert into satchel.mutations (principal, mutation_id, client_id, run_id, seq, batch_id, hash, author, hlc, received_at, state, outcome)
     values ('|ana', $1, $3, $3, 1, $4, '', 'ana', '1:0:a', 5, 'settled', '{"outcome": "merged"}'),
            ('|ana', $2, $3, $3, 2, $4, '', 'ana', '1:0:a', 5, 'held', null)`,
    [uuid(60), uuid(61), uuid(51), uuid(50)],
  );
});
afterAll(() => database.drop());

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'ok',
    (error) => error.code,
  );

describe('the history of a row', () => {
  it('[OPS-20] comes newest first, page by page', async () => {
    const admin = principal({ roles: ['admin'] });
    const first = await rowHistory(ctx, admin, 'products', 'k', { limit: 3 });
    expect(first.entries.map(({ version }) => version)).toEqual([5, 4, 3]);
    expect(first.entries[0]).toMatchObject({
      op: 'update',
      source: 'push',
      userId: 'ben',
      mutationId: uuid(5),
    });
    const second = await rowHistory(ctx, admin, 'products', 'k', { limit: 3, after: first.next! });
    expect(second.entries.map(({ version }) => version)).toEqual([2, 1]);
    expect(second.next).toBeUndefined();
  });

  it('[OPS-20] shows others only rows in their view, without the columns that are hidden from them', async () => {
    const clerk = await rowHistory(ctx, principal(), 'products', 'k', { limit: 10 });
    expect(clerk.entries[0]).toMatchObject({
      before: { id: 'k', name: 'n4' },
      after: { id: 'k', name: 'n5' },
    });
    expect(JSON.stringify(clerk)).not.toContain('cost');
    const owner = await rowHistory(ctx, principal({ roles: ['owner'] }), 'products', 'k', { limit: 10 });
    expect(owner.entries[0]?.after).toEqual({ id: 'k', name: 'n5', cost: '8' });
    for (const [who, key] of [
      [principal({ store: 's2' }), 'k'],
      [principal({ store: 's3' }), 'k'],
      [principal(), 'unknown'],
    ] as const)
      expect(await codeOf(rowHistory(ctx, who, 'products', key, { limit: 1 }))).toBe('scope_denied');
    expect(await codeOf(rowHistory(ctx, principal(), 'ledger', 'k', { limit: 1 }))).toBe('op_denied');
    expect(await codeOf(rowHistory(ctx, principal(), 'toString', 'k', { limit: 1 }))).toBe('table_unknown');
    expect(await codeOf(rowHistory(ctx, principal(), 'products', 'k', { limit: 1, after: 'x' }))).toBe(
      'request_invalid',
    );
  });
});

describe('a batch', () => {
  it('[OPS-21] is shown as it came to its sender and to administrators, and to nobody else', async () => {
    const shown = await showBatch(ctx, principal(), uuid(50));
    expect(shown).toEqual({
      batchId: uuid(50),
      clientId: uuid(51),
      receivedAt: 5,
      channel: 'mobile',
      body: '{"raw": 1}',
      mutations: [
        { mutationId: uuid(60), state: 'settled', outcome: 'merged' },
        { mutationId: uuid(61), state: 'held' },
      ],
    });
    expect(await showBatch(ctx, principal({ user: 'root', roles: ['admin'] }), uuid(50))).toEqual(shown);
    expect(await codeOf(showBatch(ctx, principal({ user: 'ben' }), uuid(50)))).toBe('batch_unknown');
    expect(await codeOf(showBatch(ctx, principal(), uuid(99)))).toBe('batch_unknown');
  });
});
