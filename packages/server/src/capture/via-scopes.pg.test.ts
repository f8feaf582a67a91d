import { defineApp, foreignKey, id, integer, ref, table, text, via } from '@satchel/schema';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CapturedDatabase, capturedDatabase } from '../../test/capture/captured-database.ts';
import { type Connection, connect } from '../../test/capture/connection.ts';
import { testContext } from '../../test/capture/test-context.ts';
import { runMoved } from './moved-keys.ts';
import { sweepRegistry } from './sweep-registry.ts';
import { verifyEntries } from './verify-entries.ts';

const app = defineApp({
  name: 'orders',
  tables: {
    orders: table(
      { id: id(), storeId: text({ nullable: true }), total: integer() },
      { scope: 'store:{storeId}' },
    ),
    lines: table(
      { id: id(), orderId: ref('orders', { onDelete: 'cascade' }), note: text({ nullable: true }) },
      { scope: via('orderId') },
    ),
    notes: table({ id: id(), lineId: ref('lines', { onDelete: 'cascade' }) }, { scope: via('lineId') }),
    routes: table(
      { origin: text(), gate: integer(), state: text() },
      { scope: 'state:{state}', primaryKey: ['origin', 'gate'] },
    ),
    flights: table(
      { id: id(), origin: text(), gate: integer() },
      {
        scope: via(['origin', 'gate']),
        foreignKeys: [foreignKey(['origin', 'gate'], 'routes', { onDelete: 'cascade' })],
      },
    ),
  },
  scopesOf: () => [],
});

describe('scopes via a parent', () => {
  let database: CapturedDatabase;
  let a: Connection;
  let b: Connection;
  const present = async () => (await database.entries()).filter((entry) => !/ (deleted|left)$/.test(entry));
  const verified = async () => (await verifyEntries(database.db, app, database.tableIds)).differences;

  beforeAll(async () => {
    database = await capturedDatabase(app);
  });
  beforeEach(async () => {
    a = await connect(database.url);
    b = await connect(database.url);
    await a.run('truncate orders, lines, notes, routes, flights');
    await a.run('truncate satchel.entries, satchel.registry, satchel.moved');
    await a.run(`insert into orders values ('o1', 'A', 0), ('o2', 'B', 0)`);
  });
  afterEach(async () => {
    await a.close();
    await b.close();
  });
  afterAll(() => database.drop());

  it('[CAP-32] a row that a younger transaction wrote before it followed is no stale one', async () => {
    await a.run(`insert into lines values ('l1', 'o1')`);
    await a.run('begin');
    await a.run(`update orders set total = 1 where id = 'o2'`);
    await b.run(`update lines set note = 'younger' where id = 'l1'`);
    await a.run(`update orders set store_id = 'B' where id = 'o1'`);
    await a.run('commit');
    expect(await present()).toEqual(['store:B lines l1', 'store:B orders o1', 'store:B orders o2']);
    expect(await verified()).toEqual([]);
  });

  it('[CAP-10] children and their children follow in the transaction that moves the parent', async () => {
    await a.run(`insert into lines values ('l1', 'o1'), ('l2', 'o2')`);
    await a.run(`insert into notes values ('n1', 'l1')`);
    expect(await present()).toEqual([
      'store:A lines l1',
      'store:A notes n1',
      'store:A orders o1',
      'store:B lines l2',
      'store:B orders o2',
    ]);
    await a.run('begin');
    await a.run(`update orders set store_id = 'B' where id = 'o1'`);
    await a.run('commit');
    expect((await present()).filter((entry) => entry.startsWith('store:A'))).toEqual([]);
    expect(await database.entries()).toContain('store:A notes n1 left');
    const xids = await a.run(
      `select distinct xid::text from satchel.entries where key in ('o1', 'l1', 'n1')`,
    );
    expect(xids).toHaveLength(1);
    await a.run(`update orders set store_id = null where id = 'o1'`);
    expect(await present()).toEqual(['store:B lines l2', 'store:B orders o2']);
    expect(await verified()).toEqual([]);
  });

  it('[CAP-11] a child inserted while its parent moves ends in the new scope, the child first', async () => {
    await a.run('begin');
    await a.run(`insert into lines values ('l1', 'o1')`);
    const move = await b.runUntilBlocked(`update orders set store_id = 'B' where id = 'o1'`);
    await a.run('commit');
    await move.done;
    expect(await present()).toEqual(['store:B lines l1', 'store:B orders o1', 'store:B orders o2']);
  });

  it('[CAP-11] a child inserted while its parent moves ends in the new scope, the mover first', async () => {
    await b.run('begin');
    await b.run(`update orders set store_id = 'B' where id = 'o1'`);
    const insert = await a.runUntilBlocked(`insert into lines values ('l1', 'o1')`);
    await b.run('commit');
    await insert.done;
    expect(await present()).toEqual(['store:B lines l1', 'store:B orders o1', 'store:B orders o2']);
  });

  it('[CAP-11] a child that leaves a parent while that one moves is in its new parent alone, in both orders', async () => {
    await a.run(`insert into lines values ('l1', 'o1')`);
    await a.run('begin');
    await a.run(`update lines set order_id = 'o2' where id = 'l1'`);
    const move = await b.runUntilBlocked(`update orders set store_id = 'C' where id = 'o1'`);
    await a.run('commit');
    await move.done;
    expect(await present()).toEqual(['store:B lines l1', 'store:B orders o2', 'store:C orders o1']);
    await b.run('begin');
    await b.run(`update orders set store_id = 'D' where id = 'o2'`);
    const leave = await a.runUntilBlocked(`update lines set order_id = 'o1' where id = 'l1'`);
    await b.run('commit');
    await leave.done;
    expect(await present()).toEqual(['store:C lines l1', 'store:C orders o1', 'store:D orders o2']);
    expect(await verified()).toEqual([]);
  });

  it('[CAP-12] two that insert lines and update the total of one order do not deadlock', async () => {
    await a.run('begin');
    await b.run('begin');
    await a.run(`insert into lines values ('l1', 'o1')`);
    await b.run(`insert into lines values ('l2', 'o1')`);
    await a.run(`update orders set total = total + 1 where id = 'o1'`);
    const second = await b.runUntilBlocked(`update orders set total = total + 1 where id = 'o1'`);
    await a.run('commit');
    await second.done;
    await b.run('commit');
    expect(await a.run(`select total from orders where id = 'o1'`)).toEqual([{ total: '2' }]);
  });

  it('[CAP-13] a mover above READ COMMITTED leaves its key, and the worker finds the child that it missed', async () => {
    await b.run('begin isolation level repeatable read');
    await b.run('select 1 from orders');
    await a.run(`insert into lines values ('l1', 'o1')`);
    await b.run(`update orders set store_id = 'B' where id = 'o1'`);
    await b.run('commit');
    expect(await present()).toContain('store:A lines l1');
    const ctx = testContext(database.db, app, database.tableIds);
    expect(await runMoved(ctx)).toBeGreaterThan(0);
    expect(await present()).toEqual(['store:B lines l1', 'store:B orders o1', 'store:B orders o2']);
    expect(await runMoved(ctx)).toBe(0);
  });

  it('[CAP-13] a mover above READ COMMITTED may follow a child that has left: the worker takes it out again', async () => {
    await a.run(`update orders set store_id = null where id = 'o1'`);
    await a.run(`insert into lines values ('l1', 'o1'), ('l2', 'o2')`);
    await a.run(`insert into notes values ('n1', 'l1')`);
    await b.run('begin isolation level repeatable read');
    await b.run('select 1 from orders');
    await a.run(`update notes set line_id = 'l2'`);
    await b.run(`update orders set store_id = 'A' where id = 'o1'`);
    await b.run('commit');
    expect(await present()).toContain('store:A notes n1');
    await runMoved(testContext(database.db, app, database.tableIds));
    expect((await present()).filter((entry) => entry.includes('notes'))).toEqual(['store:B notes n1']);
    expect(await verified()).toEqual([]);
  });

  it('[CAP-13] a child above READ COMMITTED whose parent moved since its snapshot is refused', async () => {
    await a.run('begin isolation level repeatable read');
    await a.run('select 1 from orders');
    await b.run(`update orders set store_id = 'B' where id = 'o1'`);
    await expect(a.run(`insert into lines values ('l1', 'o1')`)).rejects.toMatchObject({ code: '40001' });
    await a.run('rollback');
    expect(await verified()).toEqual([]);
  });

  it('[CAP-14] a child before its parent is taken in, within a transaction and across two', async () => {
    await a.run('begin; set constraints all deferred');
    await a.run(`insert into lines values ('l1', 'o3')`);
    await a.run(`insert into orders values ('o3', 'A', 0)`);
    await a.run('commit');
    expect(await present()).toContain('store:A lines l1');
    await a.run('begin; set constraints all deferred');
    await a.run(`insert into lines values ('l2', 'o4')`);
    const parent = await b.runUntilBlocked(`insert into orders values ('o4', 'A', 0)`);
    await a.run('rollback');
    await parent.done;
    await a.run(`insert into lines values ('l2', 'o4')`);
    expect(await present()).toContain('store:A lines l2');
    expect(await verified()).toEqual([]);
  });

  it('[CAP-14] a parent that goes takes its children with it: gone is read from their own entries', async () => {
    await a.run(`insert into lines values ('l1', 'o1')`);
    await a.run(`insert into notes values ('n1', 'l1')`);
    await a.run(`delete from orders where id = 'o1'`);
    expect(await database.entries()).toEqual([
      'store:A lines l1 deleted',
      'store:A notes n1 deleted',
      'store:A orders o1 deleted',
      'store:B orders o2',
    ]);
  });

  it('[CAP-16] registry rows go once their rows are gone, but not while somebody holds them', async () => {
    await a.run(`insert into lines values ('l1', 'o1')`);
    await a.run(`delete from orders where id = 'o1'`);
    await b.run('begin; set constraints all deferred');
    await b.run(`insert into lines values ('l2', 'o3')`);
    const ctx = testContext(database.db, app, database.tableIds);
    expect(await sweepRegistry(ctx)).toBeGreaterThan(0);
    expect(await a.run('select key from satchel.registry order by key')).toEqual([{ key: 'o2' }]);
    const parent = await a.runUntilBlocked(`insert into orders values ('o3', 'A', 0)`);
    await b.run('rollback');
    await parent.done;
    expect(await a.run('select key from satchel.registry order by key')).toEqual([
      { key: 'o2' },
      { key: 'o3' },
    ]);
  });

  it('[CAP-10] a key of several columns is followed as well', async () => {
    await a.run(`insert into routes values ('A"T', 5, 'GA'), ('A"T', 6, 'GA')`);
    await a.run(`insert into flights values ('f1', 'A"T', 5), ('f2', 'A"T', 6)`);
    await a.run(`update routes set state = 'TX' where gate = 5`);
    expect(await present()).toEqual([
      'state:GA flights f2',
      'state:GA routes ["A\\"T",6]',
      'state:TX flights f1',
      'state:TX routes ["A\\"T",5]',
      'store:A orders o1',
      'store:B orders o2',
    ]);
  });

  it('[CAP-15] a parent whose scopes stay leaves its children untouched', async () => {
    await a.run(`insert into lines values ('l1', 'o1')`);
    const versions = () => a.run(`select version from satchel.entries where key = 'l1'`);
    const before = await versions();
    await a.run(`update orders set total = 9 where id = 'o1'`);
    expect(await versions()).toEqual(before);
  });
});
