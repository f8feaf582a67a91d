import { describe, expect, it } from 'vitest';
import { applied, customer, insertCustomer, opened, rows } from '../../test/engine-fixture.ts';

/** A device that has written three rows and has the answers; of one no scope will hold. */
const settled = () => {
  const world = opened();
  world.page([rows('store:1', 'customers', ['a', 1, customer('Ann')])]);
  world.write(insertCustomer, 'm', 'Mine');
  world.write(insertCustomer, 'n', 'New');
  world.write("insert into customers (id, store_id, name) values ('x', '99', 'Elsewhere')");
  const sent = world.send();
  world.answer(...sent.map((mutation, index) => applied(mutation, 5 + index)));
  return world;
};
const own = (...keys: (readonly [key: string, version: number])[]) => ({
  line: 'own' as const,
  scope: 'store:1',
  table: 'customers',
  keys: keys.map(([key]) => key),
  versions: keys.map(([, version]) => version),
});
const ids = (world: ReturnType<typeof opened>) =>
  world.engine.all('select id from customers order by id').map(({ id }) => id);
const marked = (world: ReturnType<typeof opened>) =>
  world.driver
    .prepare('select acked from satchel_outbox order by position')
    .all()
    .map(({ acked }) => acked);

describe('settled work of which the server was told', () => {
  it('[PAGE-25] of a long upload the one row that no scope holds goes, with the page that was read after it', () => {
    const world = settled();
    world.page([own(['m', 5])]);
    expect(ids(world)).toEqual(['a', 'm', 'n', 'x']);
    world.engine.acked(world.engine.settledToAck());
    expect(marked(world)).toEqual([0, 0, 0]);
    world.page([own(['n', 6])]);
    expect(ids(world)).toEqual(['a', 'm', 'n']);
    expect(marked(world)).toEqual([1, 1, 1]);
  });

  it('[PAGE-25] also after the device was opened anew, and after a page that was not taken in', () => {
    const again = settled();
    again.engine.acked(again.engine.settledToAck());
    const { driver, clock } = again;
    const reopened = opened({ driver, clock });
    expect(reopened.engine.settledToAck()).toEqual([]);
    reopened.page([own(['m', 5], ['n', 6])]);
    expect(ids(reopened)).toEqual(['a', 'm', 'n']);

    const world = settled();
    world.engine.acked(world.engine.settledToAck());
    const before = world.engine.cursor();
    expect(world.page([own(['m', 5], ['n', 99])])).toEqual({ kind: 'not-held-so' });
    expect(world.engine.cursor()).toEqual(before);
    world.page([own(['m', 5], ['n', 6])]);
    expect(ids(world)).toEqual(['a', 'm', 'n']);
  });

  it('[PAGE-25] what was settled meanwhile stays until it is told, too', () => {
    const world = settled();
    world.engine.acked(world.engine.settledToAck());
    world.write("insert into customers (id, store_id, name) values ('y', '99', 'Later')");
    world.answer(...world.send().map((mutation) => applied(mutation, 9)));
    world.page([own(['m', 5], ['n', 6])]);
    expect(ids(world)).toEqual(['a', 'm', 'n', 'y']);
    expect(marked(world)).toEqual([1, 1, 1, 0]);
    const [left] = world.engine.settledToAck();
    expect(left?.ranges).toEqual([[4, 4]]);
    world.engine.acked([left!]);
    world.engine.takeUnchanged();
    expect(ids(world)).toEqual(['a', 'm', 'n']);
  });

  it('[OUT-26] nothing is told twice before a page, and all of what is offered again is told again', () => {
    const world = settled();
    const told = world.engine.settledToAck();
    expect(told).toEqual([{ runId: expect.any(String), ranges: [[1, 3]] }]);
    world.engine.acked(told);
    expect(world.engine.settledToAck()).toEqual([]);
    // The history was cut before a checkpoint was reached.
    world.page([], { offer: true, epoch: 'second', checkpoint: false, mode: 'backfill' });
    expect(world.engine.settledToAck()).toEqual([]);
    const offered = world.send();
    expect(offered).toHaveLength(3);
    world.answer(...offered.map((mutation, index) => applied(mutation, 50 + index)));
    expect(world.engine.settledToAck()).toEqual(told);
  });

  it('[OUT-26] an older database, which noted it at each mutation, tells once more', () => {
    const world = settled();
    world.driver.prepare('update satchel_outbox set acked = 2').run();
    const { driver, clock } = world;
    const reopened = opened({ driver, clock });
    expect(reopened.engine.settledToAck()[0]?.ranges).toEqual([[1, 3]]);
  });
});
