import type { OwnLine, PatchLine, Values } from '@satchel/protocol';
import { describe, expect, it } from 'vitest';
import {
  applied,
  customer,
  gone,
  insertCustomer,
  opened,
  rejected,
  rows,
  scope,
} from '../../test/engine-fixture.ts';

const own = (...told: (readonly [key: string, version: number])[]): OwnLine => ({
  line: 'own',
  scope: 'store:1',
  table: 'customers',
  keys: told.map(([key]) => key),
  versions: told.map(([, version]) => version),
});
const patch = (key: string, base: number, version: number, values: Values, of = 'store:1'): PatchLine => ({
  line: 'patch',
  scope: of,
  table: 'customers',
  keys: [key],
  bases: [base],
  versions: [version],
  columns: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]])),
});
const held = () => {
  const world = opened();
  world.page([
    scope('store:1', 'backfill'),
    rows('store:1', 'customers', ['a', 1, customer('Ann', { phone: '1' })], ['b', 2, customer('Bob')]),
  ]);
  return world;
};
type World = ReturnType<typeof opened>;
const state = (world: World, key: string) =>
  world.driver
    .prepare('select name, phone, satchel_version as v, satchel_hold as h from customers where id = ?')
    .get([key]);
const NOT_HELD_SO = { kind: 'not-held-so' };

describe('pages in brief: rows of own writing', () => {
  it('[PAGE-16] a row that the device wrote and holds at that version gets its hold, and keeps its values', () => {
    const world = held();
    world.write(insertCustomer, 'c', 'Cid');
    world.write("update customers set name = 'Anna' where id = 'a'");
    const [insert, update] = world.send();
    world.answer(applied(insert!, 5), applied(update!, 6));
    expect(state(world, 'c')).toMatchObject({ name: 'Cid', v: 5, h: null });
    expect(world.page([own(['c', 5], ['a', 6])])).toMatchObject({ kind: 'taken' });
    const { h } = state(world, 'a')!;
    expect(state(world, 'c')).toMatchObject({ name: 'Cid', v: 5, h });
    expect(state(world, 'a')).toMatchObject({ name: 'Anna', phone: '1', v: 6 });
    // Held: it goes with the scope.
    world.page([gone('store:1', 'customers', ['c', 7, 'deleted'])]);
    expect(state(world, 'c')).toBeUndefined();
  });

  it('[PAGE-16] an outcome of the same page goes before', () => {
    const world = held();
    world.write(insertCustomer, 'c', 'Cid');
    const [sent] = world.send();
    expect(world.page([own(['c', 5]), { line: 'outcomes', outcomes: [applied(sent!, 5)] }])).toMatchObject({
      kind: 'taken',
    });
    expect(state(world, 'c')).toMatchObject({ name: 'Cid', v: 5, h: state(world, 'a')!.h });
    expect(world.engine.facts().pending).toBe(0);
  });

  it('[PAGE-16] under later work of this device the base gets the hold, and the work stays', () => {
    const world = held();
    world.write(insertCustomer, 'c', 'Cid');
    world.answer(applied(world.send()[0]!, 5));
    world.write("update customers set phone = '9' where id = 'c'");
    world.page([own(['c', 5])]);
    expect(state(world, 'c')).toMatchObject({ name: 'Cid', phone: '9', v: 5, h: state(world, 'a')!.h });
    world.answer(rejected(world.send()[0]!));
    expect(state(world, 'c')).toMatchObject({ name: 'Cid', phone: null, v: 5, h: state(world, 'a')!.h });
  });

  it('[PAGE-16] a row that is newer here keeps its version and gets the hold', () => {
    const world = held();
    world.write("update customers set name = 'Anna' where id = 'a'");
    world.answer(applied(world.send()[0]!, 5));
    world.write("update customers set name = 'Annie' where id = 'a'");
    world.answer(applied(world.send()[0]!, 8));
    expect(world.page([own(['a', 5])])).toMatchObject({ kind: 'taken' });
    expect(state(world, 'a')).toMatchObject({ name: 'Annie', v: 8 });
    expect(world.page([own(['a', 8])])).toMatchObject({ kind: 'taken' });
  });

  it('[PAGE-16] a row that is deleted here since stays so', () => {
    const world = held();
    world.write("update customers set name = 'Anna' where id = 'a'");
    world.answer(applied(world.send()[0]!, 5));
    world.write("delete from customers where id = 'a'");
    world.answer(applied(world.send()[0]!, 6));
    expect(world.page([own(['a', 5])])).toMatchObject({ kind: 'taken' });
    expect(state(world, 'a')).toBeUndefined();
  });
});

describe('pages in brief: changed columns', () => {
  it('[PAGE-17] columns are laid over the version that they stand on', () => {
    const world = held();
    expect(world.page([patch('a', 1, 9, { name: 'Anna', tags: ['x'] })])).toMatchObject({
      kind: 'taken',
      tables: ['customers'],
      rows: 1,
    });
    expect(state(world, 'a')).toMatchObject({ name: 'Anna', phone: '1', v: 9 });
    expect(world.row("select tags from customers where id = 'a'")?.tags).toBe('["x"]');
    expect(world.page([patch('a', 9, 10, { phone: null })])).toMatchObject({ kind: 'taken' });
    expect(state(world, 'a')).toMatchObject({ name: 'Anna', phone: null, v: 10 });
  });

  it('[PAGE-17] under pending work they go into the base, and the work stays laid over', () => {
    const world = held();
    world.write("update customers set name = 'Mine', visits = visits + 2 where id = 'a'");
    world.page([patch('a', 1, 9, { name: 'Theirs', phone: '5', visits: 10 })]);
    expect(world.row("select name, phone, visits from customers where id = 'a'")).toEqual({
      name: 'Mine',
      phone: '5',
      visits: 12,
    });
    expect(world.engine.rowState('customers', 'a')).toMatchObject({
      version: 9,
      base: { name: 'Theirs', phone: '5', visits: 10 },
    });
  });

  it('[PAGE-17] what is here already, or is newer here, is left as it is; another scope gets its hold', () => {
    const world = held();
    world.page([patch('a', 1, 9, { name: 'Anna' })]);
    expect(world.page([patch('a', 1, 9, { name: 'Again' }, 'store:2')])).toMatchObject({ kind: 'taken' });
    expect(state(world, 'a')).toMatchObject({ name: 'Anna', v: 9 });
    world.page([gone('store:1', 'customers', ['a', 10, 'left'])]);
    expect(state(world, 'a')).toMatchObject({ name: 'Anna' });
    world.page([gone('store:2', 'customers', ['a', 11, 'left'])]);
    expect(state(world, 'a')).toBeUndefined();
  });
});

describe('pages in brief: what does not fit', () => {
  const untouched = (world: World, take: () => unknown) => {
    const before = [world.engine.cursor(), state(world, 'a'), state(world, 'b')];
    expect(take()).toEqual(NOT_HELD_SO);
    expect([world.engine.cursor(), state(world, 'a'), state(world, 'b')]).toEqual(before);
  };

  it('[PAGE-18] a page that stands on another version than is here changes nothing, and whole rows put it right', () => {
    const world = held();
    const news = rows('store:1', 'customers', ['b', 7, customer('Bobby')]);
    untouched(world, () => world.page([news, own(['a', 5])]));
    untouched(world, () => world.page([news, own(['new', 5])]));
    untouched(world, () => world.page([news, patch('a', 3, 9, { name: 'Anna' })]));
    untouched(world, () => world.page([news, patch('new', 3, 9, { name: 'Anna' })]));
    untouched(world, () =>
      world.page([news, scope('store:9', 'backfill'), patch('a', 3, 9, { name: 'x' }, 'store:9')]),
    );
    world.page([news, rows('store:1', 'customers', ['a', 9, customer('Anna')])]);
    expect(state(world, 'a')).toMatchObject({ name: 'Anna', v: 9 });
    // Holds that were numbered in a page that was not kept are numbered anew.
    world.page([rows('store:9', 'customers', ['a', 9, customer('Anna')])]);
    world.page([gone('store:1', 'customers', ['a', 10, 'left'])]);
    expect(state(world, 'a')).toMatchObject({ name: 'Anna' });
  });

  it('[PAGE-18] an insert of this device that has no answer yet is no base', () => {
    const world = held();
    world.write(insertCustomer, 'c', 'Cid');
    untouched(world, () => world.page([patch('c', 4, 5, { name: 'x' })]));
    untouched(world, () => world.page([own(['c', 5])]));
  });

  it('[PAGE-19] a row whose older version a page brought with more columns comes whole once', () => {
    const world = opened();
    const narrow: Values = { storeId: '1', name: 'Ann', visits: 0, tags: [] };
    world.page([scope('store:1', 'backfill'), rows('store:1', 'customers', ['a', 1, narrow])]);
    world.write("update customers set name = 'Anna' where id = 'a'");
    world.answer(applied(world.send()[0]!, 5));
    // The phone became visible; the copy was read before the edit.
    world.page(
      [scope('store:1', 'reset'), rows('store:1', 'customers', ['a', 1, { ...narrow, phone: '7' }])],
      {
        mode: 'backfill',
      },
    );
    expect(state(world, 'a')).toMatchObject({ name: 'Anna', phone: null, v: 5 });
    expect(world.page([own(['a', 5])])).toEqual(NOT_HELD_SO);
    expect(world.page([patch('a', 5, 6, { name: 'Annie' })])).toEqual(NOT_HELD_SO);
    world.page([rows('store:1', 'customers', ['a', 5, { ...narrow, name: 'Anna', phone: '7' }])]);
    expect(state(world, 'a')).toMatchObject({ name: 'Anna', phone: '7', v: 5 });
    expect(world.page([own(['a', 5])])).toMatchObject({ kind: 'taken' });
  });

  it('[PAGE-19] so does one that was passed over under pending work', () => {
    const world = held();
    world.write("update customers set name = 'Anna' where id = 'a'");
    world.answer(applied(world.send()[0]!, 5));
    world.write("update customers set name = 'Annie' where id = 'a'");
    world.page([rows('store:1', 'customers', ['a', 1, customer('Ann', { phone: '7' })])]);
    expect(world.page([own(['a', 5])])).toEqual(NOT_HELD_SO);
  });

  it('[PAGE-19] and one that an answer told to somebody who saw less', () => {
    const world = held();
    world.write("update customers set name = 'Anna' where id = 'a'");
    const [sent] = world.send();
    const outcome = applied(sent!, 5);
    const { phone: _, ...less } = customer('Anna');
    world.answer({
      ...outcome,
      outcome: 'merged',
      changes: [{ ...outcome.changes[0]!, outcome: 'merged', row: less }],
    });
    expect(world.page([own(['a', 5])])).toEqual(NOT_HELD_SO);
    world.page([rows('store:1', 'customers', ['a', 5, customer('Anna')])]);
    expect(world.page([own(['a', 5])])).toMatchObject({ kind: 'taken' });
  });
});
