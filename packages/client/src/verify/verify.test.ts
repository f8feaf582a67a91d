import { digestText, newDigest, quickLine, rowText } from '@satchel/core';
import { describe, expect, it } from 'vitest';
import { customer, insertCustomer, opened, rows, shop } from '../../test/engine-fixture.ts';

const held = () => {
  const world = opened();
  world.page([
    rows('store:1', 'customers', ['b', 2, customer('Bob')], ['a', 1, customer('Ann', { tags: ['x', 'y'] })]),
    rows('store:1', 'routes', ['["A","B"]', 3, { storeId: '1', km: 5 }]),
    rows('all', 'customers', ['b', 2, customer('Bob')]),
  ]);
  return world;
};
const digest = (...lines: string[]) => {
  const made = newDigest();
  for (const line of lines) made.add(line);
  return { rows: lines.length, digest: made.done() };
};
const columns = shop.tables.customers!.columns;

describe('verification', () => {
  it('[VER-01] quick digests cover key and version, deep ones the confirmed values, by scope, in key order', () => {
    const { engine } = held();
    expect(engine.digests('quick')).toEqual({
      scopes: {
        'store:1': {
          customers: digest(quickLine('a', 1), quickLine('b', 2)),
          routes: digest(quickLine('["A","B"]', 3)),
        },
        all: { customers: digest(quickLine('b', 2)) },
      },
    });
    expect(engine.digests('deep', ['all']).scopes).toEqual({
      all: { customers: digest(rowText(columns, { id: 'b', ...customer('Bob') })) },
    });
  });

  it('[VER-02] pending work does not show in digests', () => {
    const world = held();
    const before = world.engine.digests('deep');
    world.write("update customers set name = 'Mine' where id = 'a'");
    world.write("delete from customers where id = 'b'");
    world.write(insertCustomer, 'n', 'New');
    expect(world.engine.digests('deep')).toEqual(before);
  });

  it('[VER-03] deep digests leave out columns that the user may not see', () => {
    const world = opened();
    world.page([rows('all', 'customers', ['a', 1, { storeId: '1', name: 'Ann' }])]);
    const { id, storeId, name } = columns;
    expect(world.engine.digests('deep').scopes.all!.customers).toEqual(
      digest(rowText({ id: id!, storeId: storeId!, name: name! }, { id: 'a', storeId: '1', name: 'Ann' })),
    );
  });

  it('[VER-04] finds rows of another version, missing and surplus ones, page by page of keys', () => {
    const { engine } = held();
    expect(
      engine.compareVersions('store:1', 'customers', null, {
        keys: ['a', 'aa'],
        versions: [1, 9],
        more: true,
      }),
    ).toEqual({ fetch: ['aa'], surplus: [] });
    expect(
      engine.compareVersions('store:1', 'customers', 'aa', { keys: ['c'], versions: [4], more: false }),
    ).toEqual({
      fetch: ['c'],
      surplus: ['b'],
    });
    const line = (values: ReturnType<typeof customer>) =>
      digestText(rowText(columns, { id: 'a', ...values }));
    for (const [name, fetch] of [
      ['Ann', []],
      ['Other', ['a']],
    ] as const) {
      const page = {
        keys: ['a'],
        versions: [1],
        digests: [line(customer(name, { tags: ['x', 'y'] }))],
        more: true,
      };
      expect(engine.compareVersions('store:1', 'customers', null, page).fetch).toEqual(fetch);
    }
  });

  it('[VER-05] repairs to what the server has, also to a lower version; pending work stays laid over', () => {
    const world = held();
    world.write("update customers set name = 'Mine' where id = 'a'");
    world.engine.repair(
      'store:1',
      'customers',
      {
        keys: ['a', 'c'],
        versions: [0, 7],
        columns: {
          storeId: ['1', '1'],
          name: ['Anna', 'Cy'],
          phone: ['5', null],
          visits: [0, 0],
          tags: [[], []],
        },
      },
      ['b'],
    );
    expect(world.engine.all('select id, name, phone, satchel_version from customers order by id')).toEqual([
      { id: 'a', name: 'Mine', phone: '5', satchel_version: 0 },
      // Surplus in one scope, held by another.
      { id: 'b', name: 'Bob', phone: null, satchel_version: 2 },
      { id: 'c', name: 'Cy', phone: null, satchel_version: 7 },
    ]);
    expect(world.engine.rowState('customers', 'a')).toMatchObject({
      state: 'pending',
      base: { name: 'Anna' },
    });
    world.engine.repair('all', 'customers', { keys: [], versions: [], columns: {} }, ['b']);
    expect(world.engine.all("select id from customers where id = 'b'")).toEqual([]);
    expect(world.changes()).toHaveLength(1);
  });

  it('[VER-06] an edit made while capture was missing is found by its values, and goes into the outbox', () => {
    const world = held();
    world.driver.exec(
      "drop trigger satchel_update_customers; update customers set name = 'Unseen' where id = 'a'",
    );
    const again = opened({ driver: world.driver });
    expect(again.changes()).toEqual([]);
    expect(again.engine.facts().unproven).toEqual(['customers']);
    const served = {
      keys: ['a'],
      versions: [1],
      columns: { storeId: ['1'], name: ['Ann'], phone: [null], visits: [0], tags: [['x', 'y']] },
    };
    again.engine.repair('store:1', 'customers', served, []);
    expect(again.changes()).toEqual([
      [
        {
          table: 'customers',
          op: 'update',
          key: 'a',
          values: { name: 'Unseen' },
          confirmed: { version: 1, values: { name: 'Ann' } },
        },
      ],
    ]);
    expect(again.row("select name from customers where id = 'a'")).toEqual({ name: 'Unseen' });
    again.engine.proven();
    expect(again.engine.facts().unproven).toEqual([]);
  });
});
