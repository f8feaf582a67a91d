import type { Outcome } from '@satchel/protocol';
import { describe, expect, it } from 'vitest';
import {
  applied,
  customer,
  insertCustomer,
  opened,
  rejected,
  rows,
  type SentMutation,
  scope,
} from '../../test/engine-fixture.ts';

/** An update and an insert on their way, as the scope of both goes. */
const sent = () => {
  const world = opened();
  world.page([
    scope('store:1', 'backfill'),
    rows('store:1', 'customers', ['a', 1, customer('Ann')], ['b', 2, customer('Bob')]),
  ]);
  world.engine.write([
    { sql: "insert into sales (id, store_id, customer_id, amount) values ('s', '1', 'a', 3)" },
    { sql: "update customers set visits = visits + 1 where id = 'a'" },
  ]);
  const [mutation] = world.send();
  return { ...world, outcome: applied(mutation!, 27) };
};

const left = ({ engine }: ReturnType<typeof sent>) => [
  ...engine.all('select id, visits from customers'),
  ...engine.all('select id from sales'),
];

describe('rows that leave', () => {
  it('[PAGE-25] a row whose scope goes with the page that brings its outcome goes with it', () => {
    const world = sent();
    world.page([scope('store:1', 'left'), { line: 'outcomes', outcomes: [world.outcome] }]);
    world.answer(world.outcome);
    expect(left(world)).toEqual([]);
    expect(world.engine.facts().quarantined).toBe(0);
  });

  it('[PAGE-25] so it does when the answer comes first', () => {
    const world = sent();
    world.answer(world.outcome);
    world.page([scope('store:1', 'left'), { line: 'outcomes', outcomes: [world.outcome] }]);
    expect(left(world)).toEqual([]);
  });
});

describe('offers whose row is out of sight', () => {
  /** An insert that was settled and lost, offered to a restored server that gives no right to it any more. */
  const offered = (answer: (insert: SentMutation) => Outcome) => {
    const world = opened();
    world.page([scope('store:1', 'backfill')]);
    world.write(insertCustomer, 'n', 'New');
    const [insert] = world.send();
    world.answer(applied(insert!, 6));
    world.page([scope('store:1', 'left')], { mode: 'backfill', epoch: 'second', offer: true });
    world.send();
    world.answer(answer(insert!));
    world.engine.acked(world.engine.settledToAck());
    world.page([]);
    return world;
  };
  const shown = (world: ReturnType<typeof opened>) => world.engine.all('select id from customers');

  it('[PAGE-25] those that are refused leave with the view that was read after the refusal was acknowledged', () => {
    const world = offered(rejected);
    expect(shown(world)).toEqual([]);
    expect(world.engine.facts()).toMatchObject({ pending: 0, quarantined: 1 });
  });

  it('[PAGE-25] so do those whose outcome the server has forgotten: it names no row', () => {
    const world = offered(({ mutationId }) => ({
      mutationId,
      outcome: 'applied',
      repeat: true,
      forgotten: true,
      changes: [],
    }));
    expect(shown(world)).toEqual([]);
    expect(world.engine.facts()).toMatchObject({ pending: 0, quarantined: 0 });
  });
});
