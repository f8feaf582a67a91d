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

/** A device that settled three edits, of which the server then lost everything after `a@1`. */
const restored = () => {
  const world = opened();
  world.page([scope('store:1', 'backfill'), rows('store:1', 'customers', ['a', 1, customer('Ann')])]);
  world.write("update customers set visits = visits + 1 where id = 'a'");
  const [visit] = world.send();
  world.answer(applied(visit!, 5));
  world.write(insertCustomer, 'n', 'New');
  const [insert] = world.send();
  world.answer(applied(insert!, 6));
  world.write("update customers set name = 'Refused' where id = 'a'");
  const [refused] = world.send();
  world.answer(rejected(refused!));
  return { world, visit: visit!, insert: insert!, refused: refused! };
};
const reset = (world: ReturnType<typeof opened>) =>
  world.page(
    [
      scope('store:1', 'reset'),
      rows('store:1', 'customers', ['a', 1, customer('Ann')]),
      { line: 'swept', scope: 'store:1' },
    ],
    { mode: 'backfill', epoch: 'second', offer: true },
  );
const shown = (world: ReturnType<typeof opened>) =>
  world.engine.all('select id, name, visits from customers order by id');

describe('offering again', () => {
  it('[OUT-50] settled work is pending over the reset base until it was offered, with what had become of it', () => {
    const { world, visit, insert, refused } = restored();
    expect(reset(world)).toMatchObject({ kind: 'taken', offered: 3 });
    expect(shown(world)).toEqual([
      { id: 'a', name: 'Ann', visits: 1 },
      { id: 'n', name: 'New', visits: 0 },
    ]);
    const offers = world.send() as unknown as { mutationId: string; offer: unknown; changes: unknown }[];
    expect(offers.map(({ mutationId, offer }) => ({ mutationId, offer }))).toEqual([
      {
        mutationId: visit.mutationId,
        offer: { epoch: 'second', outcome: 'applied', versions: [5], columns: [['visits']] },
      },
      {
        mutationId: insert.mutationId,
        offer: {
          epoch: 'second',
          outcome: 'applied',
          versions: [6],
          columns: [['id', 'storeId', 'name', 'phone', 'visits', 'tags']],
        },
      },
      {
        mutationId: refused.mutationId,
        offer: { epoch: 'second', outcome: 'rejected', versions: [null], columns: [[]] },
      },
    ]);
    expect(offers.map(({ changes }) => changes)).toEqual([visit.changes, insert.changes, refused.changes]);
  });

  it('[OUT-50] an offer says the keys that the server gave, and stays pending under them', () => {
    const world = opened();
    world.page([scope('store:1', 'backfill')]);
    world.write(insertCustomer, 'k', 'Mine');
    const [insert] = world.send();
    const { mutationId } = insert!;
    const answer = (version: number) => ({
      mutationId,
      outcome: 'merged' as const,
      changes: [
        {
          table: 'customers',
          key: 'k',
          outcome: 'merged' as const,
          newKey: 'k2',
          version,
          row: customer('Mine'),
        },
      ],
    });
    world.answer(answer(8));
    reset(world);
    expect(shown(world)).toEqual([
      { id: 'a', name: 'Ann', visits: 0 },
      { id: 'k2', name: 'Mine', visits: 0 },
    ]);
    expect(world.send()).toMatchObject([
      { mutationId, changes: [{ key: 'k' }], offer: { outcome: 'merged', keys: ['k2'] } },
    ]);
    world.answer(answer(20));
    expect(shown(world).map((row) => row.id)).toEqual(['a', 'k2']);
  });

  it('[OUT-50] answered offers settle as other mutations do; what was refused is refused again', () => {
    const { world, visit, insert, refused } = restored();
    reset(world);
    world.send();
    world.answer(
      {
        ...applied(visit, 20),
        changes: [
          {
            table: 'customers',
            key: 'a',
            outcome: 'applied',
            version: 20,
            row: customer('Ann', { visits: 1 }),
          },
        ],
      },
      {
        ...applied(insert, 21),
        changes: [{ table: 'customers', key: 'n', outcome: 'applied', version: 21, row: customer('New') }],
      },
      rejected(refused),
    );
    expect(shown(world)).toEqual([
      { id: 'a', name: 'Ann', visits: 1 },
      { id: 'n', name: 'New', visits: 0 },
    ]);
    expect(world.engine.facts()).toMatchObject({ pending: 0, quarantined: 1 });
    expect(world.driver.prepare('select count(*) as n from satchel_base').get()).toEqual({ n: 0 });
  });

  it('[OUT-50] an offer that was not lost is laid over a row that was read before it, until that comes whole', () => {
    const { world, visit, insert, refused } = restored();
    // Asked for before the edits went up, and here after their answers.
    const late = [
      scope('store:1', 'reset'),
      rows('store:1', 'customers', ['a', 1, customer('Ann')]),
      { line: 'swept' as const, scope: 'store:1' },
    ];
    expect(world.page(late, { mode: 'backfill', offer: true })).toMatchObject({ offered: 3 });
    world.send();
    const again = (outcome: ReturnType<typeof applied>) => ({ ...outcome, repeat: true });
    world.answer(again(applied(visit, 5)), again(applied(insert, 6)), rejected(refused));
    const both = [
      { id: 'a', name: 'Ann', visits: 1 },
      { id: 'n', name: 'New', visits: 0 },
    ];
    expect(shown(world)).toEqual(both);
    const unsure = () => world.row('select count(*) as n from satchel_unsure')?.n;
    expect(unsure()).toBe(2);
    world.page([
      rows('store:1', 'customers', ['a', 5, customer('Ann', { visits: 1 })], ['n', 6, customer('New')]),
    ]);
    expect(shown(world)).toEqual(both);
    expect(unsure()).toBe(0);
  });

  describe('[OUT-54] work that was on its way when older work of its rows is offered again waits for that', () => {
    const onItsWay = () => {
      const world = opened();
      world.page([scope('store:1', 'backfill'), rows('store:1', 'customers', ['a', 1, customer('Ann')])]);
      world.write("update customers set name = 'First' where id = 'a'");
      world.write(insertCustomer, 'n', 'New');
      const [first, insert] = world.send();
      world.answer(applied(first!, 5), applied(insert!, 6));
      world.write("update customers set name = 'Second' where id = 'a'");
      world.write("delete from customers where id = 'n'");
      const [second, erase] = world.send();
      world.page(
        [
          scope('store:1', 'reset'),
          rows('store:1', 'customers', ['a', 5, customer('First')], ['n', 6, customer('New')]),
          { line: 'swept', scope: 'store:1' },
        ],
        { mode: 'backfill', offer: true },
      );
      const outcomes = [applied(first!, 5), applied(insert!, 6), applied(second!, 20), applied(erase!, 21)];
      return { world, outcomes };
    };
    const second = [{ id: 'a', name: 'Second', visits: 0 }];
    const settled = ({ world, outcomes }: ReturnType<typeof onItsWay>) => {
      expect(world.send().map(({ mutationId }) => mutationId)).toEqual(
        outcomes.map(({ mutationId }) => mutationId),
      );
      world.answer(...outcomes.map((outcome) => ({ ...outcome, repeat: true })));
      expect(shown(world)).toEqual(second);
      expect(world.engine.facts()).toMatchObject({ pending: 0, quarantined: 0 });
      expect(world.driver.prepare('select count(*) as n from satchel_base').get()).toEqual({ n: 0 });
    };

    it('when its answer comes', () => {
      const { world, outcomes } = onItsWay();
      expect(shown(world)).toEqual(second);
      expect(world.answer(...outcomes.slice(2))).toMatchObject({ settled: 0, putBack: 2 });
      expect(shown(world)).toEqual(second);
      settled({ world, outcomes });
    });

    it('when a page tells its outcome', () => {
      const { world, outcomes } = onItsWay();
      world.page([
        rows('store:1', 'customers', ['a', 20, customer('Second')]),
        gone('store:1', 'customers', ['n', 21, 'deleted']),
        { line: 'outcomes', outcomes: outcomes.slice(2) },
      ]);
      expect(shown(world)).toEqual(second);
      world.answer();
      settled({ world, outcomes });
    });
  });

  it('[OUT-51] unsent edits stay on top of what is offered', () => {
    const { world } = restored();
    world.write("update customers set visits = visits + 10 where id = 'a'");
    world.write("update customers set name = 'Newer' where id = 'n'");
    reset(world);
    expect(shown(world)).toEqual([
      { id: 'a', name: 'Ann', visits: 11 },
      { id: 'n', name: 'Newer', visits: 0 },
    ]);
    expect(world.send().map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  });

  describe('[OUT-50] an offered edit of a row that is here no more: the columns it has are no row', () => {
    const lost = () => {
      const { world, visit } = restored();
      world.page([scope('store:1', 'reset'), { line: 'swept', scope: 'store:1' }], {
        mode: 'backfill',
        epoch: 'second',
        offer: true,
      });
      return { world, visit };
    };

    it('shows nothing, and is laid over the row when that is here again', () => {
      const { world } = lost();
      expect(shown(world)).toEqual([{ id: 'n', name: 'New', visits: 0 }]);
      const again = rows('store:1', 'customers', ['a', 9, customer('Ann', { visits: 7 })]);
      world.page([again], { epoch: 'second' });
      expect(shown(world)).toContainEqual({ id: 'a', name: 'Ann', visits: 8 });
    });

    it('shows nothing when it is answered', () => {
      const { world, visit } = lost();
      world.send();
      world.answer(applied(visit, 20));
      expect(shown(world)).toEqual([{ id: 'n', name: 'New', visits: 0 }]);
    });

    it('and neither does an insert whose answer tells no row: it is out of sight, or deleted since', () => {
      const { world, visit, insert } = restored();
      world.page([gone('store:1', 'customers', ['n', 7, 'deleted'])]);
      world.page([scope('store:1', 'reset'), { line: 'swept', scope: 'store:1' }], {
        mode: 'backfill',
        epoch: 'second',
        offer: true,
      });
      world.send();
      world.answer(applied(visit, 20), { ...applied(insert, 6), repeat: true });
      expect(shown(world)).toEqual([]);
      expect(world.engine.facts()).toMatchObject({ pending: 1 });
    });
  });

  it('[OUT-52] a sync run collects by itself: the first since the opening, and then one a day', () => {
    const { world } = restored();
    const run = () =>
      world.engine.recordRun({ startedAt: world.clock.millis } as Parameters<
        typeof world.engine.recordRun
      >[0]);
    const kept = () =>
      world.driver.prepare("select count(*) as n from satchel_outbox where state = 'settled'").get()?.n;
    world.engine.acked(world.engine.settledToAck());
    world.page([]);
    run();
    expect(kept()).toBe(2);
    world.clock.millis += 30 * 86_400_000 - 3_600_000;
    run();
    expect(kept()).toBe(2);
    world.clock.millis += 7_200_000;
    world.page([]);
    run();
    expect(kept()).toBe(2);
    world.clock.millis += 86_400_000;
    run();
    expect(kept()).toBe(0);
  });

  it('[OUT-52] settled mutations past their keeping time are collected once the server was told', () => {
    const { world } = restored();
    const settled = () =>
      world.driver.prepare("select count(*) as n from satchel_outbox where state = 'settled'").get();
    world.clock.millis += 31 * 86_400_000;
    world.engine.collect();
    expect(settled()).toEqual({ n: 2 });
    world.engine.acked(world.engine.settledToAck());
    world.page([]);
    world.engine.collect();
    expect(settled()).toEqual({ n: 2 });
    world.clock.millis += 31 * 86_400_000;
    world.page([]);
    world.engine.collect();
    expect(settled()).toEqual({ n: 0 });
    // What was refused waits for its user, and is offered as refused.
    expect(reset(world)).toMatchObject({ offered: 1 });
  });

  it('[OUT-52] a clock that is turned, the device’s or the server’s, collects nothing by itself', () => {
    for (const turned of ['device', 'server'] as const) {
      const { world } = restored();
      const settled = () =>
        world.driver.prepare("select count(*) as n from satchel_outbox where state = 'settled'").get();
      const started = world.clock.millis;
      const pass = (days: number) => {
        if (turned === 'device') world.clock.millis = started + (3_650 + days) * 86_400_000;
        const serverDays = turned === 'server' ? 3_650 + days : days;
        world.page([], { serverTime: started + serverDays * 86_400_000 });
        world.engine.collect();
      };
      world.engine.acked(world.engine.settledToAck());
      // Nothing changed: no page says what the server's time is.
      world.engine.takeUnchanged();
      world.clock.millis += turned === 'device' ? 3_650 * 86_400_000 : 0;
      world.engine.collect();
      expect(settled()).toEqual({ n: 2 });
      pass(0);
      pass(29);
      expect(settled()).toEqual({ n: 2 });
      pass(31);
      expect(settled()).toEqual({ n: turned === 'server' ? 2 : 0 });
      if (turned === 'server') world.clock.millis += 31 * 86_400_000;
      world.engine.collect();
      expect(settled()).toEqual({ n: 0 });
    }
  });

  it('[OUT-52] of work that lies ahead of a clock that was turned back the server’s time alone counts', () => {
    const { world } = restored();
    const settled = () =>
      world.driver.prepare("select count(*) as n from satchel_outbox where state = 'settled'").get();
    const started = world.clock.millis;
    const pass = (days: number) => {
      world.clock.millis = started + (days - 3_650) * 86_400_000;
      world.page([], { serverTime: started + days * 86_400_000 });
      world.engine.collect();
    };
    world.engine.acked(world.engine.settledToAck());
    pass(0);
    pass(29);
    expect(settled()).toEqual({ n: 2 });
    pass(31);
    expect(settled()).toEqual({ n: 0 });
  });

  it('[OUT-50] what is kept is offered, however old a clock that was turned makes it look', () => {
    const { world } = restored();
    world.clock.millis += 10 * 365 * 86_400_000;
    expect(reset(world)).toMatchObject({ offered: 3 });
  });
});
