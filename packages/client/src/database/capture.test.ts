import { defineApp, id, table, text } from '@satchel/schema';
import { describe, expect, it } from 'vitest';
import {
  applied,
  customer,
  insertCustomer,
  opened,
  rejected,
  rows,
  scope,
  shop,
} from '../../test/engine-fixture.ts';
import { keepBases } from '../pages/base.ts';

const held = () => {
  const world = opened();
  world.page([
    rows('store:1', 'customers', ['a', 1, customer('Ann')], ['b', 2, customer('Bob')]),
    rows(
      'store:1',
      'products',
      ['p', 3, { storeId: '1', sku: 'S1', price: '1' }],
      ['q', 4, { storeId: '1', sku: 'S2', price: '2' }],
    ),
    rows('store:1', 'routes', ['["ATL","JFK"]', 5, { storeId: '1', km: 1200 }]),
  ]);
  return world;
};

describe('capture', () => {
  it('[DB-10] captures an insert with every column, defaults included', () => {
    const { write, changes } = opened();
    write("insert into sales (id, store_id, note) values ('s', '1', 'first')");
    expect(changes()).toEqual([
      [
        {
          table: 'sales',
          op: 'insert',
          key: 's',
          values: { id: 's', storeId: '1', customerId: null, note: 'first', amount: 0 },
        },
      ],
    ]);
  });

  it('[DB-10] captures an update as the columns that changed, on the confirmed row', () => {
    const { write, changes } = held();
    write("update customers set name = 'Anna', phone = phone where id = 'a'");
    expect(changes()).toEqual([
      [
        {
          table: 'customers',
          op: 'update',
          key: 'a',
          values: { name: 'Anna' },
          confirmed: { version: 1, values: { name: 'Ann' } },
        },
      ],
    ]);
  });

  it('[DB-10] captures a delete with the whole confirmed row', () => {
    const { write, changes } = held();
    write("delete from customers where id = 'a'");
    expect(changes()).toEqual([
      [
        {
          table: 'customers',
          op: 'delete',
          key: 'a',
          confirmed: { version: 1, values: { id: 'a', ...customer('Ann') } },
        },
      ],
    ]);
  });

  it('[DB-10] writes the key of several columns as the wire does', () => {
    const { write, changes } = held();
    write("update routes set km = 1201 where origin = 'ATL'");
    write("insert into routes (origin, destination, store_id, km) values ('a\"\\', 'é\u2028', '1', 1)");
    expect(
      changes()
        .flat()
        .map(({ key }) => key),
    ).toEqual(['["ATL","JFK"]', JSON.stringify(['a"\\', 'é\u2028'])]);
  });

  it('[DB-11] makes no mutation of a transaction that changes nothing', () => {
    const { write, engine } = held();
    expect(write("update customers set name = name, tags = '[]' where id = 'a'")).toBeNull();
    expect(write("update customers set name = 'x' where id = 'nobody'")).toBeNull();
    expect(
      engine.write([
        { sql: insertCustomer, parameters: ['n', 'New'] },
        { sql: "delete from customers where id = 'n'" },
      ]).mutationId,
    ).toBeNull();
    expect(engine.outbox()).toEqual([]);
    expect(engine.facts().pending).toBe(0);
  });

  it('[DB-12] TRIALS 9: REPLACE by the key is an update on the first base, not a delete unseen', () => {
    const { write, changes, row } = held();
    write(
      "insert or replace into customers (id, store_id, name, visits, tags) values ('a', '1', 'Ann II', 0, '[]')",
    );
    expect(changes()).toEqual([
      [
        {
          table: 'customers',
          op: 'update',
          key: 'a',
          values: { name: 'Ann II' },
          confirmed: { version: 1, values: { name: 'Ann' } },
        },
      ],
    ]);
    expect(
      row("select satchel_version, satchel_hold is not null as held from customers where id = 'a'"),
    ).toEqual({
      satchel_version: 1,
      held: 1,
    });
  });

  it('[DB-12] a row that is deleted and inserted as it was has not been modified', () => {
    const world = opened();
    world.page([
      scope('all', 'backfill'),
      rows('all', 'values', ['v', 7, { t: 'same', s: [], changedAt: 1_600_000_000_000 }]),
    ]);
    const all = 'select *, satchel_version, satchel_hold from "values"';
    const before = world.row(all);
    expect(
      world.engine.write([
        { sql: 'delete from "values" where id = \'v\'' },
        { sql: "insert into \"values\" (id, t, s) values ('v', 'same', '[]')" },
      ]).mutationId,
    ).toBeNull();
    expect(world.row(all)).toEqual(before);
    expect(world.engine.outbox()).toEqual([]);
  });

  it('[DB-12] TRIALS 9: REPLACE by another unique column captures the delete of the row in its way', () => {
    const { write, changes } = held();
    write("insert or replace into products (id, store_id, sku) values ('p', '1', 'S2')");
    expect(
      changes()[0]!
        .map(({ op, key, values }) => [op, key, values])
        .toSorted((a, b) => (a[1]! < b[1]! ? -1 : 1)),
    ).toEqual([
      ['update', 'p', { sku: 'S2', price: '0' }],
      ['delete', 'q', undefined],
    ]);
  });

  it('[DB-12] TRIALS 8: UPDATE OR REPLACE leaves the first base alone', () => {
    const { write, changes, driver } = held();
    write("update products set price = '5' where id = 'p'");
    write("update or replace products set price = '6', sku = 'S2' where id = 'p'");
    keepBases({ db: driver });
    expect(driver.prepare("select row from satchel_base where key = 'p'").get()).toEqual({
      row: JSON.stringify({ id: 'p', storeId: '1', sku: 'S1', price: '1' }),
    });
    expect(
      changes()
        .flat()
        .map(({ op, key }) => `${op} ${key}`),
    ).toEqual(['update p', 'delete q', 'update p']);
  });

  it('[DB-12] TRIALS 8: a plain upsert on a pending row neither fails nor loses its base', () => {
    const { write, changes, driver } = held();
    const upsert =
      "insert into customers (id, store_id, name, visits, tags) values ('a', '1', ?, 0, '[]') on conflict(id) do update set name = excluded.name";
    write(upsert, 'Anna');
    write(upsert, 'Annette');
    expect(changes()).toEqual([
      [
        {
          table: 'customers',
          op: 'update',
          key: 'a',
          values: { name: 'Annette' },
          confirmed: { version: 1, values: { name: 'Ann' } },
        },
      ],
    ]);
    keepBases({ db: driver });
    expect(driver.prepare('select count(*) as n from satchel_base').get()).toEqual({ n: 1 });
  });

  it('[DB-25] a first update writes no base: its image is one, until the change goes or a newer row comes', () => {
    const { write, driver, send, answer, page, row } = held();
    const bases = () => driver.prepare('select key, row, version from satchel_base order by key').all();
    write("update customers set name = 'Anna' where id = 'a'");
    write("update customers set name = 'Bobby' where id = 'b'");
    expect(bases()).toEqual([]);
    const [first, second] = send();
    answer(applied(first!, 9));
    expect(bases()).toEqual([]);
    expect(row("select name, satchel_version from customers where id = 'a'")).toEqual({
      name: 'Anna',
      satchel_version: 9,
    });
    page([rows('store:1', 'customers', ['b', 10, { ...customer('Bert'), phone: '1' }])]);
    expect(bases()).toMatchObject([{ key: 'b', version: 10 }]);
    expect(row("select name, phone from customers where id = 'b'")).toEqual({ name: 'Bobby', phone: '1' });
    answer(rejected(second!));
    expect(row("select name, phone from customers where id = 'b'")).toEqual({ name: 'Bert', phone: '1' });
    expect(bases()).toEqual([]);
  });

  it('[DB-25] a row that was updated and then deleted has its base written down, and comes back when both are refused', () => {
    const { write, driver, send, answer, row } = held();
    write("update customers set name = 'Anna' where id = 'a'");
    const [edit] = send();
    write("delete from customers where id = 'a'");
    expect(driver.prepare('select key, row from satchel_base').all()).toEqual([
      { key: 'a', row: JSON.stringify({ id: 'a', ...customer('Ann') }) },
    ]);
    answer(rejected(edit!));
    expect(row("select name from customers where id = 'a'")).toBeUndefined();
    const [deletion] = send();
    answer(rejected(deletion!));
    expect(row("select name from customers where id = 'a'")).toEqual({ name: 'Ann' });
  });

  it('[DB-12] TRIALS 8: OR IGNORE swallows no outbox row', () => {
    const { write, changes } = held();
    write(
      "insert or ignore into customers (id, store_id, name, visits, tags) values ('a', '1', 'x', 0, '[]'), ('c', '1', 'Cy', 0, '[]')",
    );
    write(
      "insert or ignore into customers (id, store_id, name, visits, tags) values ('c', '1', 'y', 0, '[]')",
    );
    expect(changes().map((list) => list.map(({ key }) => key))).toEqual([['c']]);
  });

  it('[DB-13] a delete and an insert of one key in one transaction are one update', () => {
    const { engine, changes } = held();
    engine.write([
      { sql: "delete from customers where id = 'a'" },
      { sql: insertCustomer, parameters: ['a', 'Ann again'] },
      { sql: "update customers set phone = '1' where id = 'a'" },
    ]);
    expect(changes()).toEqual([
      [
        {
          table: 'customers',
          op: 'update',
          key: 'a',
          values: { name: 'Ann again', phone: '1' },
          confirmed: { version: 1, values: { name: 'Ann', phone: null } },
        },
      ],
    ]);
  });

  it('[DB-14] [TRIAL-38] refuses a changed key, alone and among other columns', () => {
    const { write, engine, row } = held();
    for (const columns of ["id = 'z'", "id = 'z', name = 'other'"])
      expect(() => write(`update customers set ${columns} where id = 'a'`)).toThrow(
        expect.objectContaining({ code: 'key_changed' }),
      );
    expect(row("select id from customers where id = 'a'")).toEqual({ id: 'a' });
    expect(engine.outbox()).toEqual([]);
  });

  it('[DB-15] the triggers of an app run on local writes and are captured with them, whatever their order', () => {
    const { write, changes } = opened();
    write("insert into audited (id, n) values ('x', 4)");
    expect(changes()).toEqual([
      [{ table: 'audited', op: 'insert', key: 'x', values: { id: 'x', n: 4, doubled: 8 } }],
    ]);
  });

  it('[DB-15] TRIALS 10: the triggers of an app are silent while server rows are applied', () => {
    const { page, row, engine } = opened();
    page([rows('all', 'audited', ['x', 1, { n: 4, doubled: 7 }])]);
    expect(row('select n, doubled from audited')).toEqual({ n: 4, doubled: 7 });
    expect(engine.outbox()).toEqual([]);
  });

  it('[DB-15] refuses a trigger that the app did not declare, by name', () => {
    const { write, driver } = opened();
    const sql = 'create trigger sneaky after insert on sales begin delete from sales; end';
    expect(() => write(sql)).toThrow(
      expect.objectContaining({ code: 'trigger_unknown', params: { trigger: 'sneaky', table: 'sales' } }),
    );
    driver.exec(sql);
    expect(() => opened({ driver })).toThrow(
      expect.objectContaining({ code: 'trigger_unknown', params: { trigger: 'sneaky', table: 'sales' } }),
    );
  });

  it('[DB-16] TRIALS 11: capture is put back after a rebuild by another hand, and what was written meanwhile is found', () => {
    const { page, driver } = opened();
    page([rows('store:1', 'customers', ['a', 1, customer('Ann')], ['b', 2, customer('Bob')])]);
    driver.exec(`
      create table rebuilt (id text primary key, store_id text, name text, phone text, visits integer default 0, tags text, satchel_version integer, satchel_hold integer);
      insert into rebuilt select id, store_id, name, phone, visits, tags, satchel_version, satchel_hold from customers;
      drop table customers;
      alter table rebuilt rename to customers;
      insert into customers (id, store_id, name, visits, tags) values ('c', '1', 'Cy', 0, '[]');
    `);
    const again = opened({ driver });
    expect(again.changes()).toEqual([
      [{ table: 'customers', op: 'insert', key: 'c', values: { id: 'c', ...customer('Cy') } }],
    ]);
    again.write("update customers set name = 'Anna' where id = 'a'");
    expect(again.changes()).toHaveLength(2);
  });

  it('[DB-17] writes by SQL that names no capture are captured inside SQL functions of the app, too', () => {
    const { engine, page } = opened();
    page([rows('store:1', 'customers', ['a', 1, customer('Ann')])]);
    const { result, mutationId, tables, lanes } = engine.run('sell', { customer: 'a', amount: 2.5 });
    expect(engine.outbox()).toMatchObject([{ mutationId, name: 'sell', lane: 'urgent' }]);
    expect(engine.outbox()[0]!.changes.map(({ op, table: name, key }) => [op, name, key])).toEqual([
      ['insert', 'sales', result],
      ['update', 'customers', 'a'],
    ]);
    expect(tables.toSorted()).toEqual(['customers', 'sales']);
    expect(lanes).toEqual(['urgent', 'high']);
  });

  it('[DB-18] a table of many columns is captured whole', () => {
    const names = Array.from({ length: 130 }, (_, index) => `c${index}`);
    const wide = defineApp({
      name: 'wide',
      schemaVersion: 1,
      tables: {
        wide: table(
          { id: id(), ...Object.fromEntries(names.map((name) => [name, text()])) },
          { scope: 'all' },
        ),
      },
      scopesOf: () => ['all'],
    });
    const world = opened({ app: wide });
    world.write(
      `insert into wide (id, ${names.join(',')}) values ('w', ${names.map((name) => `'${name}'`).join(',')})`,
    );
    world.send();
    world.write("update wide set c129 = 'new' where id = 'w'");
    expect(Object.keys(world.changes()[0]![0]!.values!)).toHaveLength(131);
    expect(world.changes()[1]![0]!.values).toEqual({ c129: 'new' });
  });

  it('[DB-19] tells the tables that were touched, also those of the app alone', () => {
    const { engine } = opened();
    engine.write([{ sql: 'create table drafts (id text)' }]);
    expect(engine.write([{ sql: "insert into drafts values ('x')" }])).toEqual({
      mutationId: null,
      tables: ['drafts'],
      lanes: [],
    });
    expect(engine.write([{ sql: insertCustomer, parameters: ['a', 'Ann'] }]).tables).toEqual(['customers']);
    expect(
      engine
        .tablesRead('select count(*) from sales s join customers c on c.id = s.customer_id where s.id = ?')
        .toSorted(),
    ).toEqual(['customers', 'sales']);
  });

  it('[DB-19] keeps the hidden columns out of select *', () => {
    const { engine } = held();
    expect(Object.keys(engine.all("select * from customers where id = 'a'")[0]!)).toEqual(
      Object.keys(shop.tables.customers!.columns).map((name) => (name === 'storeId' ? 'store_id' : name)),
    );
  });
});
