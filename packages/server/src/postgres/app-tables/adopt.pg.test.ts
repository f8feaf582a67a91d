import {
  type App,
  decimal,
  defineApp,
  id,
  json,
  modifiedAt,
  ref,
  table,
  text,
  timestamp,
  via,
} from '@satchel/schema';
import { describe, expect, it } from 'vitest';
import { open, refusal } from '../../../test/opened.ts';
import { applyApp } from '../app-tables.ts';

const scopesOf = () => ['store:1'];
const STORE = 'store:{storeId}';

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

  it('[PG-41] keeps modifiedAt of an adopted table, whatever its columns are', async () => {
    const { db } = await open();
    await db.query(
      `create table places (id text primary key, store_id text not null, facts json, changed timestamptz)`,
    );
    const app = defineApp({
      name: 'places',
      schemaVersion: 1,
      tables: {
        places: table(
          { id: id(), storeId: text(), facts: json({ nullable: true }), changedAt: modifiedAt() },
          { scope: STORE, adopt: { columns: { changedAt: 'changed' } } },
        ),
      },
      scopesOf,
    });
    await applyApp(db, app);
    expect((await applyApp(db, app)).plan.actions).toEqual([]);
    await db.query(`insert into places values ('a', '1', '{"x": 1}'); update places set changed = null`);
    expect((await db.query('select changed is not null as kept from places')).rows).toEqual([{ kept: true }]);
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
