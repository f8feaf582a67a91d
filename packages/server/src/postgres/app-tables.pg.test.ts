import {
  boolean,
  counter,
  date,
  decimal,
  defineApp,
  foreignKey,
  id,
  integer,
  json,
  modifiedAt,
  ref,
  serverId,
  set,
  table,
  text,
  timestamp,
  via,
} from '@satchel/schema';
import { describe, expect, it } from 'vitest';
import { open } from '../../test/opened.ts';
import { checkCapture } from '../capture/check-capture.ts';
import { planText } from './app-tables/app-plan.ts';
import { applyApp, planAppTables } from './app-tables.ts';
import { migrate } from './migrate.ts';
import { openDatabase } from './pg-database.ts';

const scopesOf = () => ['store:1'];
const STORE = 'store:{storeId}';

const shop = defineApp({
  name: 'shop',
  schemaVersion: 1,
  tables: {
    products: table(
      {
        id: id({ type: 'uuid' }),
        number: serverId(),
        storeId: text(),
        name: text(),
        price: decimal({ nullable: true }),
        stock: counter(),
        tags: set(),
        day: date({ nullable: true }),
        soldAt: timestamp({ nullable: true }),
        details: json({ nullable: true }),
        active: boolean({ default: true }),
        parentId: ref('products', { nullable: true, onDelete: 'set-null' }),
        changedAt: modifiedAt(),
      },
      { scope: STORE, unique: [['storeId', 'name']], indexes: ['soldAt'] },
    ),
    lines: table(
      {
        order: text(),
        line: integer(),
        productId: ref('products', { onDelete: 'cascade' }),
        quantity: integer(),
      },
      { scope: via('productId'), primaryKey: ['order', 'line'] },
    ),
    notes: table(
      { id: id(), order: text(), line: integer(), words: text() },
      { scope: via(['order', 'line']), foreignKeys: [foreignKey(['order', 'line'], 'lines')] },
    ),
  },
  scopesOf,
});

describe('applyApp', () => {
  it('[PG-40] makes tables, keys, references and rules; the second time nothing', async () => {
    const { db, tableIds } = await open({ app: shop });
    expect([...tableIds.keys()].sort()).toEqual(['lines', 'notes', 'products']);
    const { plan } = await applyApp(db, shop);
    expect(plan).toEqual({ actions: [], warnings: [] });
    const { rows } = await db.query<{ name: string; text: string; deferrable: boolean; deferred: boolean }>(
      `select conname as name, condeferrable as deferrable, condeferred as deferred
       from pg_constraint where contype in ('f', 'u') and connamespace = 'public'::regnamespace order by 1`,
    );
    expect(rows).toEqual(
      [
        'lines_product_id_fkey',
        'notes_order_line_fkey',
        'products_parent_id_fkey',
        'products_store_id_name_key',
      ].map((name) => ({ name, deferrable: true, deferred: false })),
    );
    expect(await checkCapture(db, shop, tableIds)).toEqual([]);
  });

  it('[PG-41] fills what the app leaves out: defaults, identity, modifiedAt', async () => {
    const { db } = await open({ app: shop });
    await db.query(`select set_config('satchel.now', '1700000000123', false)`);
    const one = await db.transaction('write', async (tx) => {
      await tx.query(`select set_config('satchel.now', '1700000000123', true)`);
      await tx.query(`insert into products (id, store_id, name) values (gen_random_uuid(), '1', 'tea')`);
      const { rows } = await tx.query(
        `select number, stock, tags, active, extract(epoch from changed_at) * 1000 = 1700000000123 as stamped from products`,
      );
      await tx.query(`select set_config('satchel.now', '1700000000124', true)`);
      await tx.query(`update products set name = 'tea'`);
      await tx.query(`select set_config('satchel.now', '1700000000125', true)`);
      await tx.query(`update products set name = 'coffee'`);
      const { rows: after } = await tx.query<{ at: string }>(
        `select (extract(epoch from changed_at) * 1000)::bigint as at from products`,
      );
      return { row: rows[0], after: after[0] };
    });
    expect(one).toEqual({
      row: { number: 1, stock: 0, tags: [], active: true, stamped: true },
      after: { at: 1_700_000_000_125 },
    });
  });

  it.each([
    [`stock = 9007199254740992`],
    [`price = 'NaN'`],
    [`price = 'Infinity'`],
    [`day = 'infinity'`],
    [`day = '0044-03-15 BC'`],
    [`sold_at = '-infinity'`],
    [`sold_at = '10000-01-01'`],
  ])('[PG-42] a value without canonical form is refused from any program: %s', async (assignment) => {
    const { db } = await open({ app: shop });
    await db.query(`insert into products (id, store_id, name) values (gen_random_uuid(), '1', 'tea')`);
    await expect(db.query(`update products set ${assignment}`)).rejects.toMatchObject({ code: '23514' });
  });

  it('[PG-43] two servers that start at once make the tables once', async () => {
    const { db, url } = await open();
    const other = await openDatabase(url);
    const [a, b] = await Promise.all([applyApp(db, shop), applyApp(other, shop)]);
    expect(a.tableIds).toEqual(b.tableIds);
    expect([a, b].filter(({ plan }) => plan.actions.length > 0)).toHaveLength(1);
    await other.close();
  });

  it('[PG-44] a dry run says what would be done and does nothing', async () => {
    const { db } = await open();
    const text = planText(await planAppTables(db, shop)).join('\n');
    expect(text).toContain('create table "public"."products"');
    const { rows } = await db.query(`select from pg_class where relname = 'products'`);
    expect(rows).toHaveLength(0);
    await db.query('drop schema satchel cascade');
    expect(planText(await planAppTables(db, shop)).join('\n')).toBe(text);
  });

  it('[PG-45] a role without rights beyond its database is enough', async () => {
    const { db, url } = await open();
    const name = `plain_${process.pid}`;
    const database = new URL(url).pathname.slice(1);
    await db.query(`create role ${name} login password 'plain' nosuperuser nocreatedb nocreaterole`);
    await db.query(`grant create on database "${database}" to ${name}; grant create, usage on schema public to ${name};
      drop schema satchel cascade`);
    const address = new URL(url);
    address.username = name;
    address.password = 'plain';
    const plain = await openDatabase(address.href);

    await migrate(plain);
    await applyApp(plain, shop);
    await plain.query(`insert into products (id, store_id, name) values (gen_random_uuid(), '1', 'tea')`);
    const { rows } = await plain.query<{ scope: string }>('select scope from satchel.entries');
    expect(rows).toEqual([{ scope: 'store:1' }]);
    await plain.close();
    await db.query(`drop owned by ${name}; drop role ${name}`);
  });
});
