import { boolean, defineApp, id, json, set, table, text } from '@satchel/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kysely } from '../src/kysely.ts';
import { openBench } from './sync-bench.ts';

const app = defineApp({
  name: 'typed',
  schemaVersion: 1,
  tables: {
    workOrders: table(
      {
        id: id(),
        siteName: text(),
        isDone: boolean({ default: false }),
        labels: set({ default: [] }),
        extra: json<{ depth: number }>({ nullable: true }),
        remark: json<string>({ nullable: true }),
      },
      { scope: 'all' },
    ),
  },
  scopesOf: () => ['all'],
  functions: {
    countDone: (db) => Number(db.get('select count(*) as n from work_orders where is_done')?.n),
    rename: (db, args: { readonly orderId: string; readonly to: string }) => {
      db.run('update work_orders set site_name = ? where id = ?', [args.to, args.orderId]);
    },
  },
});

const open = async () =>
  (await openBench({ app, start: false })).db as unknown as Awaited<
    ReturnType<typeof import('../src/index.ts').openSatchel<typeof app>>
  >;
let db: Awaited<ReturnType<typeof open>>;
beforeEach(async () => {
  db = await open();
});
afterEach(() => db.close());

describe('kysely', () => {
  it('[KYSELY-01] reads and writes canonical values under camelCase names', async () => {
    const q = kysely(db);
    await q
      .insertInto('workOrders')
      .values({ id: 'w1', siteName: 'North', isDone: true, labels: ['b', 'a'], extra: { depth: 2 } })
      .execute();
    expect(await q.selectFrom('workOrders').selectAll().execute()).toEqual([
      { id: 'w1', siteName: 'North', isDone: true, labels: ['a', 'b'], extra: { depth: 2 }, remark: null },
    ]);
    expect(await db.all('select site_name, is_done, labels from work_orders')).toEqual([
      { site_name: 'North', is_done: 1, labels: '["a","b"]' },
    ]);
  });

  it('[KYSELY-02] converts what it compares with, and what is renamed', async () => {
    const q = kysely(db);
    await q
      .insertInto('workOrders')
      .values([
        { id: 'w1', siteName: 'N', isDone: true },
        { id: 'w2', siteName: 'S' },
      ])
      .execute();
    const rows = await q
      .selectFrom('workOrders')
      .select(['id', 'isDone as finished'])
      .where('isDone', '=', false)
      .execute();
    expect(rows).toEqual([{ id: 'w2', finished: false }]);
  });

  it('[KYSELY-03] keeps json text apart from text', async () => {
    const q = kysely(db);
    await q.insertInto('workOrders').values({ id: 'w1', siteName: 'N', remark: 'plain' }).execute();
    await q.updateTable('workOrders').set({ isDone: true }).where('id', '=', 'w1').execute();
    expect(await q.selectFrom('workOrders').select(['remark', 'isDone']).execute()).toEqual([
      { remark: 'plain', isDone: true },
    ]);
  });

  it('[KYSELY-04] hands several statements over as one local transaction', async () => {
    const q = kysely(db);
    const written = await db.write([
      q.insertInto('workOrders').values({ id: 'w1', siteName: 'N' }),
      q.insertInto('workOrders').values({ id: 'w2', siteName: 'S' }),
    ]);
    expect((await db.outbox.list()).map(({ mutationId, changes }) => [mutationId, changes.length])).toEqual([
      [written.mutationId, 2],
    ]);
  });

  it('[KYSELY-05] refuses transactions that stay open, with the advice', async () => {
    await expect(
      kysely(db)
        .transaction()
        .execute(async () => {}),
    ).rejects.toMatchObject({ code: 'interactive_transaction' });
  });

  it('[KYSELY-06] types tables, columns and functions by the app', async () => {
    const q = kysely(db);
    // @ts-expect-error there is no such column
    const colour = q.selectFrom('workOrders').select('colour');
    await expect(colour.execute()).rejects.toMatchObject({ code: 'sql_failed' });
    // @ts-expect-error the site needs a name
    const nameless = q.insertInto('workOrders').values({ id: 'w9' });
    await expect(nameless.execute()).rejects.toMatchObject({ code: 'value_required' });
    await q.insertInto('workOrders').values({ id: 'w1', siteName: 'N', isDone: true }).execute();
    await db.run('rename', { orderId: 'w1', to: 'North' });
    const done: number = await db.run('countDone');
    expect(done).toBe(1);
    // @ts-expect-error it lacks the new name
    await db.run('rename', { orderId: 'w1' }).catch(() => {});
  });
});
