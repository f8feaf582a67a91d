import { defineApp, id, ref, table, text, via } from '@satchel/schema';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CapturedDatabase, capturedDatabase } from '../../test/capture/captured-database.ts';
import { type Connection, connect } from '../../test/capture/connection.ts';
import { tableSql } from '../push/table-sql.ts';

const app = defineApp({
  name: 'shop',
  tables: {
    products: table({ id: id(), storeId: text() }, { scope: 'store:{storeId}' }),
    sales: table(
      { id: id(), productId: ref('products', { onDelete: 'cascade' }) },
      { scope: via('productId') },
    ),
    lines: table({ id: id(), saleId: ref('sales', { onDelete: 'cascade' }) }, { scope: via('saleId') }),
    notes: table(
      { id: id(), storeId: text(), productId: ref('products', { nullable: true, onDelete: 'set-null' }) },
      { scope: 'store:{storeId}' },
    ),
  },
  scopesOf: () => [],
});

let database: CapturedDatabase;
let a: Connection;

beforeAll(async () => {
  database = await capturedDatabase(app);
  a = await connect(database.url);
});
afterAll(async () => {
  await a.close();
  await database.drop();
});

it('[CAP-09] what references take along or set to null in a push is audited by the triggers: push knows nothing of it', async () => {
  const products = tableSql(app.tables.products as never);
  await a.run(`insert into products values ('p1', 's1')`);
  await a.run(`insert into sales values ('v1', 'p1')`);
  await a.run(`insert into lines values ('w1', 'v1')`);
  await a.run(`insert into notes values ('n1', 's1', 'p1'), ('n2', 's1', null)`);
  await a.run('truncate satchel.audit');
  await a.run('begin');
  await a.run(`set local satchel.source = 'push'`);
  await a.run(products.remove.text, [['p1']]);
  // Statements that push makes after it, on tables that refer, are its own again.
  await a.run(`update notes set store_id = 's2' where id = 'n2'`);
  await a.run(`delete from notes where id = 'n2'`);
  await a.run('commit');
  const rows = await a.run('select key, op, before, after from satchel.audit order by key');
  expect(rows).toEqual([
    {
      key: 'n1',
      op: 'update',
      before: { id: 'n1', storeId: 's1', productId: 'p1' },
      after: { id: 'n1', storeId: 's1', productId: null },
    },
    { key: 'v1', op: 'delete', before: { id: 'v1', productId: 'p1' }, after: null },
    { key: 'w1', op: 'delete', before: { id: 'w1', saleId: 'v1' }, after: null },
  ]);
});
