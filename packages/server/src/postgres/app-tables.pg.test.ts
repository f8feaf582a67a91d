import type { ErrorCode } from '@satchel/protocol';
import { SatchelError } from '@satchel/protocol';
import {
  type App,
  add,
  addTable,
  boolean,
  counter,
  date,
  decimal,
  defineApp,
  drop,
  dropTable,
  foreignKey,
  id,
  integer,
  json,
  modifiedAt,
  ref,
  rename,
  renameTable,
  serverId,
  set,
  split,
  table,
  text,
  timestamp,
  via,
} from '@satchel/schema';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterEach, describe, expect, it } from 'vitest';
import { checkCapture } from '../capture/check-capture.ts';
import { planText } from './app-tables/app-plan.ts';
import { applyApp, planAppTables } from './app-tables.ts';
import { openDatabase } from './pg-database.ts';

const opened: TestDatabase[] = [];
const open = async (options?: { app?: App }): Promise<TestDatabase> => {
  const test = await testDatabase(options);
  opened.push(test);
  return test;
};
afterEach(async () => {
  for (const test of opened.splice(0)) await test.drop();
});

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

const refusal = async (work: Promise<unknown>): Promise<{ code: ErrorCode; detail: string }> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof SatchelError) return { code: error.code, detail: error.message };
    throw error;
  }
  throw new Error('it was not refused');
};

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
    const { migrate } = await import('./migrate.ts');
    await migrate(plain);
    await applyApp(plain, shop);
    await plain.query(`insert into products (id, store_id, name) values (gen_random_uuid(), '1', 'tea')`);
    const { rows } = await plain.query<{ scope: string }>('select scope from satchel.entries');
    expect(rows).toEqual([{ scope: 'store:1' }]);
    await plain.close();
    await db.query(`drop owned by ${name}; drop role ${name}`);
  });
});

const people = (version: 1 | 2 | 3) => {
  const history = [
    {
      to: 2,
      changes: [
        rename('customers', 'city', 'town'),
        add('customers', 'points', 7),
        split(
          'customers',
          { name: text() },
          ['firstName', 'lastName'],
          ({ name }) => {
            const [firstName = '', ...rest] = String(name).split(' ');
            return { firstName, lastName: rest.join(' ') };
          },
          ({ firstName, lastName }) => ({ name: `${firstName} ${lastName}` }),
        ),
      ],
    },
    {
      to: 3,
      changes: [
        renameTable('customers', 'clients'),
        drop('clients', 'code', text(), ''),
        dropTable('visits'),
        addTable('calls'),
      ],
    },
  ];
  const visits = table(
    { id: id(), customerId: ref(version < 3 ? 'customers' : 'clients') },
    { scope: via('customerId') },
  );
  switch (version) {
    case 1:
      return defineApp({
        name: 'people',
        schemaVersion: 1,
        tables: {
          customers: table(
            { id: id(), storeId: text(), name: text(), city: text(), code: text(), at: modifiedAt() },
            { scope: STORE, unique: ['code'] },
          ),
          visits,
        },
        scopesOf,
      });
    case 2:
      return defineApp({
        name: 'people',
        schemaVersion: 2,
        tables: {
          customers: table(
            {
              id: id(),
              storeId: text(),
              firstName: text(),
              lastName: text(),
              town: text(),
              code: text(),
              points: integer(),
              at: modifiedAt(),
            },
            { scope: STORE, unique: ['code'] },
          ),
          visits,
        },
        history: history.slice(0, 1),
        scopesOf,
      });
    case 3:
      return defineApp({
        name: 'people',
        schemaVersion: 3,
        tables: {
          clients: table(
            {
              id: id(),
              storeId: text(),
              firstName: text(),
              lastName: text(),
              town: text(),
              points: integer(),
              at: modifiedAt(),
            },
            { scope: STORE },
          ),
          calls: table({ id: id(), clientId: ref('clients') }, { scope: via('clientId') }),
        },
        history,
        scopesOf,
      });
  }
};

describe('history', () => {
  const fill = async ({ db }: TestDatabase, rows: number): Promise<void> => {
    await db.query(
      `insert into customers (id, store_id, name, city, code)
       select n::text, 's' || n % 3, 'Ann' || n || ' van der Lee', 'Ghent', 'c' || n from generate_series(1, $1::int) n`,
      [rows],
    );
    await db.query(`insert into visits (id, customer_id) values ('v', '1')`);
  };

  it.each([[[1, 2, 3]], [[1, 3]]] as const)('[PG-50] carries rows through versions %j', async (versions) => {
    const test = await open({ app: people(1) });
    await fill(test, 2_500);
    const before = await test.db.query<{ id: number }>(
      `select table_id as id from satchel.tables where name = 'customers'`,
    );
    for (const version of versions.slice(1)) await applyApp(test.db, people(version));
    const { rows } = await test.db.query(
      `select first_name, last_name, town, points from clients where id in ('1', '2500') order by id`,
    );
    expect(rows).toEqual([
      { first_name: 'Ann1', last_name: 'van der Lee', town: 'Ghent', points: 7 },
      { first_name: 'Ann2500', last_name: 'van der Lee', town: 'Ghent', points: 7 },
    ]);
    const after = await test.db.query(`select table_id as id from satchel.tables where name = 'clients'`);
    expect(after.rows).toEqual(before.rows);
    const { tableIds, plan } = await applyApp(test.db, people(3));
    expect(plan.actions).toEqual([]);
    expect(await checkCapture(test.db, people(3), tableIds)).toEqual([]);
    // Captured as before, and the table that was dropped holds nobody back.
    await test.db.query(
      `update clients set town = 'Bruges' where id = '1'; delete from clients where id = '1'`,
    );
    const entry = await test.db.query(`select present, deleted from satchel.entries where key = '1'`);
    expect(entry.rows).toEqual([{ present: false, deleted: true }]);
  });

  it('[PG-51] keeps aside what is dropped, unless told otherwise', async () => {
    const kept = await open({ app: people(1) });
    await fill(kept, 10);
    await applyApp(kept.db, people(3));
    const { rows } = await kept.db.query(
      `select code__dropped_v3 as code, name__dropped_v2 as name from clients where id = '2'`,
    );
    expect(rows).toEqual([{ code: 'c2', name: 'Ann2 van der Lee' }]);
    await kept.db.query(`insert into clients (id, store_id, first_name, last_name, town, points)
      values ('new', 's1', 'Bo', '', 'Ghent', 1)`);
    expect((await kept.db.query('select id from visits')).rows).toEqual([{ id: 'v' }]);

    const deleted = await open({ app: people(1) });
    await fill(deleted, 10);
    await applyApp(deleted.db, people(3), { dropData: true });
    const columns = await deleted.db.query(
      `select attname from pg_attribute where attrelid = 'clients'::regclass and attname like '%dropped%' and not attisdropped`,
    );
    expect(columns.rows).toEqual([]);
  });

  it('[PG-52] a database evolved to a version has the structure of a new one', async () => {
    const evolved = await open({ app: people(1) });
    await fill(evolved, 3);
    await applyApp(evolved.db, people(3), { dropData: true });
    const fresh = await open({ app: people(3) });
    const structure = async ({ db }: TestDatabase) =>
      (
        await db.query(
          `select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as not_null,
             pg_get_expr(d.adbin, d.adrelid) as fallback
           from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
           where attrelid in ('clients'::regclass, 'calls'::regclass) and attnum > 0 and not attisdropped order by 1`,
        )
      ).rows;
    expect(await structure(evolved)).toEqual(await structure(fresh));
  });

  it('[PG-53] a function of the history that fails leaves all as it was', async () => {
    const test = await open({ app: people(1) });
    await fill(test, 3);
    const broken = people(2);
    const [step] = broken.history;
    const app: App = {
      ...broken,
      history: [
        {
          to: 2,
          changes: step!.changes.map((change) =>
            change.kind === 'split' ? { ...change, up: () => ({ firstName: 'only' }) } : change,
          ),
        },
      ],
    };
    expect(await refusal(applyApp(test.db, app))).toMatchObject({ code: 'migration_conflict' });
    const { rows } = await test.db.query(`select name, city from customers where id = '1'`);
    expect(rows).toEqual([{ name: 'Ann1 van der Lee', city: 'Ghent' }]);
    expect((await applyApp(test.db, people(1))).plan.actions).toEqual([]);
  });

  it('[PG-54] an older app than the database is refused', async () => {
    const test = await open({ app: people(2) });
    expect(await refusal(applyApp(test.db, people(1)))).toMatchObject({ code: 'database_ahead' });
    const other = defineApp({ ...shopInput(), name: 'other' });
    expect(await refusal(applyApp(test.db, other))).toMatchObject({ code: 'config_invalid' });
  });
});

const shopInput = () => ({
  name: 'small',
  schemaVersion: 1,
  tables: { items: table({ id: id(), storeId: text(), n: integer() }, { scope: STORE }) },
  scopesOf,
});

const small = (columns: Parameters<typeof table>[0], options: object = {}): App =>
  defineApp({
    name: 'small',
    schemaVersion: 1,
    tables: { items: table(columns, { scope: STORE, ...options }) },
    scopesOf,
  });

describe('changes without history', () => {
  const base = { id: id(), storeId: text(), n: integer() };

  it('[PG-55] what cannot fail is done: tables, nullable and filled columns, rules, indexes', async () => {
    const test = await open({ app: small(base) });
    await test.db.query(`insert into items (id, store_id, n) values ('a', '1', 1)`);
    const app = small(
      {
        ...base,
        n: integer({ nullable: true }),
        note: text({ nullable: true }),
        hits: counter(),
        kind: text({ default: "o'k" }),
      },
      { unique: ['n'], indexes: [['storeId', 'n']] },
    );
    await applyApp(test.db, app);
    const { rows } = await test.db.query('select n, note, hits, kind from items');
    expect(rows).toEqual([{ n: 1, note: null, hits: 0, kind: "o'k" }]);
    expect((await applyApp(test.db, app)).plan.actions).toEqual([]);
    // And back: rules that the app no longer has go.
    const back = await applyApp(test.db, small({ ...base, n: integer({ nullable: true }) }));
    expect(planText(back.plan).join('\n')).toContain('drop constraint "items_n_key"');
  });

  it('[PG-55] a reference follows the app: its rule, and its end', async () => {
    const app = (customerId: ReturnType<typeof ref> | ReturnType<typeof text>): App =>
      defineApp({
        name: 'orders',
        schemaVersion: 1,
        tables: {
          customers: table({ id: id(), storeId: text() }, { scope: STORE }),
          orders: table({ id: id(), storeId: text(), customerId }, { scope: STORE }),
        },
        scopesOf,
      });
    const { db } = await open({ app: app(ref('customers')) });
    const rules = async () =>
      (
        await db.query(
          `select confdeltype as rule, condeferrable as deferrable from pg_constraint
           where contype = 'f' and conrelid = 'orders'::regclass`,
        )
      ).rows;
    expect(await rules()).toEqual([{ rule: 'a', deferrable: true }]);
    await applyApp(db, app(ref('customers', { onDelete: 'cascade' })));
    expect(await rules()).toEqual([{ rule: 'c', deferrable: true }]);
    await applyApp(db, app(text()));
    expect(await rules()).toEqual([]);
  });

  it.each([
    ['a column that may not be null', { ...base, m: integer() }, {}, 'add('],
    ['another type', { ...base, n: text() }, {}, 'split('],
    ['another key', base, { primaryKey: ['storeId', 'id'] }, 'primary key'],
    ['a column that rows must have', { id: id(), storeId: text() }, {}, 'drop('],
    ['a rule that rows break', base, { unique: ['n'] }, 'rows'],
  ])('[PG-56] %s is refused, with what to do', async (_, columns, options, remedy) => {
    const test = await open({ app: small(base) });
    await test.db.query(`insert into items (id, store_id, n) values ('a', '1', 1), ('b', '1', 1)`);
    const { code, detail } = await refusal(applyApp(test.db, small(columns, options)));
    expect(code).toBe('migration_conflict');
    expect(detail).toContain(remedy);
    expect((await applyApp(test.db, small(base))).plan.actions).toEqual([]);
  });

  it('[PG-57] a table that somebody else made is not taken', async () => {
    const test = await open();
    await test.db.query(
      'create table items (id text primary key, store_id text not null, n bigint not null)',
    );
    expect(await refusal(applyApp(test.db, small(base)))).toMatchObject({ code: 'migration_conflict' });
  });
});

describe('adoption', () => {
  const parts = (adopt: unknown = true, columns = {}): App =>
    defineApp({
      name: 'adopting',
      schemaVersion: 1,
      tables: {
        depots: table({ id: id({ type: 'integer' }), storeId: text() }, { scope: STORE, adopt: true }),
        parts: table(
          {
            id: id({ type: 'bigint' }),
            depotId: ref('depots'),
            title: text(),
            price: decimal({ nullable: true }),
            seenAt: timestamp({ nullable: true }),
            ...columns,
          },
          { scope: via('depotId'), adopt: adopt as true, indexes: ['title'] },
        ),
      },
      scopesOf,
    });
  const DEPOTS = 'create table depots (id integer primary key, store_id text not null)';

  it('[PG-60] uses a table as it is, and names what is finer or coarser', async () => {
    const test = await open();
    await test.db.query(`${DEPOTS};
      create schema stock;
      create table stock.part_list (part_no bigint primary key, depot_id integer not null references depots, title varchar(20) not null,
        price numeric(10,2), seen_at timestamp, internal text default 'x' not null);
      insert into depots values (1, 's1');
      insert into stock.part_list values (7, 1, 'bolt', 1.50, '2024-01-02 03:04:05.678')`);
    const app = parts({ schema: 'stock', table: 'part_list', columns: { id: 'part_no' } });
    const { plan } = await applyApp(test.db, app);
    expect(plan.actions).toEqual([]);
    expect(plan.warnings.map(({ kind, column, detail }) => [kind, column ?? detail])).toEqual([
      ['coarser', 'title'],
      ['coarser', 'price'],
      ['finer', 'seenAt'],
      ['not-deferrable', '(depot_id)'],
      ['index-missing', '(depot_id)'],
      ['index-missing', '(title)'],
    ]);
    const { rows } = await test.db.query(`select scope, key from satchel.entries where key = '7'`);
    expect(rows).toEqual([{ scope: 'store:s1', key: '7' }]);
  });

  it.each([
    ['there is no table', '', 'there is no public.parts'],
    ['a view', 'create view parts as select 1 as id', 'not a table'],
    [
      'no primary key',
      'create table parts (id bigint not null, depot_id integer not null references depots, title text not null, price numeric, seen_at timestamptz)',
      'primary key',
    ],
    [
      'another type',
      'create table parts (id bigint primary key, depot_id integer not null references depots, title bytea not null, price numeric, seen_at timestamptz)',
      'title is bytea',
    ],
    [
      'null where the app has none',
      'create table parts (id bigint primary key, depot_id integer not null references depots, title text, price numeric, seen_at timestamptz)',
      'title may be null',
    ],
    [
      'NOT NULL where the app has null',
      'create table parts (id bigint primary key, depot_id integer not null references depots, title text not null, price numeric not null, seen_at timestamptz)',
      'price is NOT NULL',
    ],
    [
      'a column that an insert must write',
      'create table parts (id bigint primary key, depot_id integer not null references depots, title text not null, price numeric, seen_at timestamptz, owner text not null)',
      'must write owner',
    ],
    [
      'via without a foreign key',
      'create table parts (id bigint primary key, depot_id integer not null, title text not null, price numeric, seen_at timestamptz)',
      'via (depot_id)',
    ],
    [
      'via a foreign key that was not validated',
      `create table parts (id bigint primary key, depot_id integer not null, title text not null, price numeric, seen_at timestamptz);
       alter table parts add foreign key (depot_id) references depots not valid`,
      'via (depot_id)',
    ],
  ])('[PG-61] %s is unfit, by name', async (_, ddl, words) => {
    const test = await open();
    await test.db.query(`${DEPOTS}; ${ddl}`);
    const { code, detail } = await refusal(applyApp(test.db, parts()));
    expect(code).toBe('adopt_unfit');
    expect(detail).toContain(words);
  });
});
