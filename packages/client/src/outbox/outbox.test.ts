import { describe, expect, it } from 'vitest';
import {
  applied,
  customer,
  insertCustomer,
  opened,
  rejected,
  rows,
  type SentMutation,
  shop,
} from '../../test/engine-fixture.ts';

const held = () => {
  const world = opened();
  world.page([
    rows('store:1', 'customers', ['a', 1, customer('Ann')], ['b', 2, customer('Bob')]),
    rows('store:1', 'products', ['p', 3, { storeId: '1', sku: 'S1', price: '1' }]),
  ]);
  return world;
};
const states = (world: ReturnType<typeof opened>) =>
  Object.fromEntries(world.engine.outbox().map(({ mutationId, state }) => [mutationId, state]));

describe('outbox: folding edits of one row', () => {
  it('[OUT-10] folds an edit into the row’s last unsent mutation: first base, last values, same id and seq, last Hlc', () => {
    const world = held();
    const first = world.write("update customers set name = 'Anna' where id = 'a'");
    world.clock.millis += 60_000;
    const second = world.write("update customers set name = 'Annette', phone = '5' where id = 'a'");
    expect(second).toBe(first);
    expect(world.engine.outbox()).toHaveLength(1);
    const [sent] = world.send();
    expect(sent).toMatchObject({
      mutationId: first,
      seq: 1,
      hlc: expect.stringMatching(/^1700000060000:/),
      changes: [
        {
          values: { name: 'Annette', phone: '5' },
          confirmed: { version: 1, values: { name: 'Ann', phone: null } },
        },
      ],
    });
  });

  it('[OUT-12] a counter that is folded into an edit of another column counts from what was seen of it', () => {
    const world = held();
    world.write("update customers set visits = visits + 3 where id = 'a'");
    const [first] = world.send();
    const second = world.write("update customers set name = 'Anna' where id = 'a'");
    expect(world.write("update customers set visits = visits + 2 where id = 'a'")).toBe(second);
    expect(world.changes()[1]).toMatchObject([
      {
        values: { name: 'Anna', visits: 5 },
        seen: { visits: { value: 3, mutationId: first!.mutationId } },
      },
    ]);
    // Once more: the first look at a column stands.
    world.write("update customers set visits = visits + 1 where id = 'a'");
    expect(world.changes()[1]).toMatchObject([{ values: { visits: 6 }, seen: { visits: { value: 3 } } }]);
  });

  it('[OUT-10] folds an edit into the insert of its row, and an insert taken back is nothing', () => {
    const world = opened();
    const first = world.write(insertCustomer, 'n', 'New');
    expect(world.write("update customers set name = 'Newer' where id = 'n'")).toBe(first);
    expect(world.changes()).toEqual([
      [{ table: 'customers', op: 'insert', key: 'n', values: { id: 'n', ...customer('Newer') } }],
    ]);
    expect(world.write("delete from customers where id = 'n'")).toBeNull();
    expect(world.engine.outbox()).toEqual([]);
    world.write(insertCustomer, 'm', 'Next');
    expect(world.engine.outbox()[0]!.seq).toBe(1);
  });

  it('[OUT-11] does not fold into a mutation that was sent, that touches more, or where the table says no', () => {
    const world = held();
    world.write("update customers set name = 'Anna' where id = 'a'");
    world.send();
    world.write("update customers set name = 'Annette' where id = 'a'");
    world.engine.write([
      { sql: "update customers set name = 'B1' where id = 'b'" },
      { sql: insertCustomer, parameters: ['c', 'Cy'] },
    ]);
    world.write("update customers set name = 'B2' where id = 'b'");
    world.write("update products set price = '2' where id = 'p'");
    world.write("update products set price = '3' where id = 'p'");
    expect(world.engine.outbox().map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('[OUT-11] does not fold what could depend on a mutation in between', () => {
    const world = opened();
    const sale = world.write("insert into sales (id, store_id) values ('s', '1')");
    world.write(insertCustomer, 'n', 'New');
    expect(world.write("update sales set customer_id = 'n' where id = 's'")).not.toBe(sale);
    expect(world.send().map(({ changes }) => changes[0]!.key)).toEqual(['s', 'n', 's']);
  });

  it('[OUT-11] does not fold across a base that moved', () => {
    const world = held();
    world.write("update customers set name = 'Anna' where id = 'a'");
    world.page([rows('store:1', 'customers', ['a', 7, customer('Ann', { phone: '1' })])]);
    world.write("update customers set phone = '2' where id = 'a'");
    expect(world.changes().map(([change]) => change)).toEqual([
      expect.objectContaining({
        values: { name: 'Anna' },
        confirmed: { version: 1, values: { name: 'Ann' } },
      }),
      expect.objectContaining({ values: { phone: '2' }, confirmed: { version: 7, values: { phone: '1' } } }),
    ]);
  });

  it('[OUT-11] does not fold over what the refusal of an earlier mutation took from the screen', () => {
    const world = held();
    world.write("update customers set phone = '5', visits = 4 where id = 'a'");
    const [first] = world.send();
    world.write("update customers set name = 'Anna' where id = 'a'");
    world.answer(rejected(first!));
    world.write("update customers set phone = '5', visits = 1 where id = 'a'");
    expect(world.row("select name, phone, visits from customers where id = 'a'")).toEqual({
      name: 'Anna',
      phone: '5',
      visits: 1,
    });
    const written = world.changes().map(([change]) => change!.values);
    expect(written.slice(1)).toEqual([{ name: 'Anna' }, { phone: '5', visits: 1 }]);
  });

  it('[OUT-12] an edit on top of a pending one says what was seen, who wrote it, and what is confirmed', () => {
    const world = held();
    const first = world.write("update customers set name = 'Anna' where id = 'a'");
    world.send();
    world.write("update customers set name = 'Annette', phone = '9' where id = 'a'");
    expect(world.changes()[1]).toEqual([
      {
        table: 'customers',
        op: 'update',
        key: 'a',
        values: { name: 'Annette', phone: '9' },
        confirmed: { version: 1, values: { name: 'Ann', phone: null } },
        seen: { name: { value: 'Anna', mutationId: first } },
        after: first,
      },
    ]);
  });

  it('[OUT-12] an edit of a row that the server does not have yet has no confirmed side', () => {
    const world = opened();
    const first = world.write(insertCustomer, 'n', 'New');
    world.send();
    world.write("update customers set name = 'Newer' where id = 'n'");
    expect(world.changes()[1]).toEqual([
      {
        table: 'customers',
        op: 'update',
        key: 'n',
        values: { name: 'Newer' },
        seen: { name: { value: 'New', mutationId: first } },
        after: first,
      },
    ]);
  });
});

describe('outbox: sending', () => {
  it('[OUT-20] seq counts from 1 without gaps, also past writes that failed', () => {
    const world = opened();
    world.write(insertCustomer, 'a', 'A');
    expect(() => world.write(insertCustomer, 'b', null)).toThrow(
      expect.objectContaining({ code: 'value_required' }),
    );
    expect(() => world.write(insertCustomer, 'a', 'again')).toThrow(
      expect.objectContaining({ code: 'sql_failed' }),
    );
    world.write(insertCustomer, 'b', 'B');
    expect(world.engine.outbox().map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('[OUT-21] lanes go first, and what a mutation depends on comes along before it', () => {
    const world = opened();
    world.write(insertCustomer, 'x', 'Unrelated');
    world.write(insertCustomer, 'n', 'Needed');
    world.write("insert into routes (origin, destination, store_id, km) values ('A', 'B', '1', 1)");
    world.write("insert into sales (id, store_id, customer_id) values ('s', '1', 'n')");
    const take = (maxItems: number) =>
      world.engine
        .takeBatch({ lanes: shop.lanes, maxItems, maxBytes: 1e6 })!
        .mutations.map(({ changes }) => changes[0]!.key);
    expect(take(2)).toEqual(['n', 's']);
    expect(take(1)).toEqual(['x']);
    expect(take(1)).toEqual(['["A","B"]']);
  });

  it('[OUT-21] what lets go of a row goes before its delete, whatever the lanes', () => {
    const world = held();
    world.page([
      rows('store:1', 'sales', ['s', 4, { storeId: '1', customerId: 'a', note: null, amount: 1 }]),
    ]);
    world.write("update sales set customer_id = 'b' where id = 's'");
    world.write("delete from customers where id = 'a'");
    const batch = world.engine.takeBatch({ lanes: ['high'], maxItems: 10, maxBytes: 1e6 })!;
    expect(batch.mutations.map(({ changes }) => changes[0]!.op)).toEqual(['update', 'delete']);
  });

  it('[OUT-22] what is sent again is the same mutation to the letter', () => {
    const world = held();
    world.write("update customers set name = 'Anna' where id = 'a'");
    const limits = { lanes: shop.lanes, maxItems: 10, maxBytes: 1e6 };
    const batch = world.engine.takeBatch(limits)!;
    expect(world.engine.takeBatch(limits)).toBeNull();
    world.page([rows('store:1', 'customers', ['a', 9, customer('Someone else')])]);
    world.engine.returnBatch(batch.batchId, { code: 'network_unreachable', params: {} }, false);
    const again = world.engine.takeBatch(limits)!;
    expect(again.mutations).toEqual(batch.mutations);
    expect(again.batchId).not.toBe(batch.batchId);
  });

  it('[OUT-23] attempts are counted, wait longer, and end in failed; what depends on it is blocked by name', () => {
    const world = opened();
    const first = world.write(insertCustomer, 'n', 'New')!;
    const dependent = world.write("insert into sales (id, store_id, customer_id) values ('s', '1', 'n')")!;
    const free = world.write(insertCustomer, 'x', 'Free')!;
    const take = () => world.engine.takeBatch({ lanes: ['high'], maxItems: 1, maxBytes: 1e6 });
    for (let attempt = 1; attempt <= shop.sync.retry.attempts; attempt++) {
      const batch = take()!;
      expect(batch.mutations[0]!.mutationId).toBe(first);
      world.engine.returnBatch(batch.batchId, { code: 'server_busy', params: {} }, true);
      world.clock.millis += 600_000;
    }
    expect(states(world)).toEqual({ [first]: 'failed', [dependent]: 'blocked', [free]: 'queued' });
    expect(world.engine.outbox()[1]).toMatchObject({ blockedBy: first });
    expect(take()!.mutations[0]!.mutationId).toBe(free);
    expect(world.engine.retryFailed()).toBe(1);
    expect(states(world)).toMatchObject({ [first]: 'queued', [dependent]: 'queued' });
  });

  it('[OUT-23] being offline is no attempt', () => {
    const world = opened();
    world.write(insertCustomer, 'n', 'New');
    for (let round = 0; round < 20; round++) {
      const batch = world.engine.takeBatch({ lanes: shop.lanes, maxItems: 1, maxBytes: 1e6 })!;
      world.engine.returnBatch(batch.batchId, { code: 'network_unreachable', params: {} }, false);
    }
    expect(world.engine.outbox()[0]).toMatchObject({ state: 'queued', attempts: 0, nextAt: null });
  });

  it('[OUT-53] an answer says how many of its batch wait again: none that a page had told of', () => {
    const world = held();
    world.write(insertCustomer, 'n', 'New');
    world.write(insertCustomer, 'm', 'Other');
    const [first, second] = world.send();
    world.page([{ line: 'outcomes', outcomes: [applied(first!, 7)] }]);
    expect(world.answer(applied(first!, 7))).toMatchObject({ settled: 0, putBack: 1 });
    world.send();
    expect(world.answer(rejected(second!))).toMatchObject({ quarantined: 1, putBack: 0 });
  });

  it('[OUT-24] after needs-earlier the earlier ones go in seq order', () => {
    const world = opened();
    world.write(insertCustomer, 'x', 'First');
    world.write("insert into sales (id, store_id) values ('s', '1')");
    const batch = world.engine.takeBatch({ lanes: ['urgent'], maxItems: 10, maxBytes: 1e6 })!;
    expect(batch.mutations.map(({ seq }) => seq)).toEqual([2]);
    const taken = world.engine.takeAnswers(batch.batchId, [
      { kind: 'needs-earlier', mutationId: batch.mutations[0]!.mutationId, seq: 1 },
    ]);
    expect(taken).toMatchObject({ needsEarlier: { runId: batch.runId, seq: 1 }, putBack: 1 });
    const next = world.engine.takeBatch({
      lanes: ['urgent'],
      maxItems: 10,
      maxBytes: 1e6,
      upTo: taken.needsEarlier!,
    })!;
    expect(next.mutations.map(({ seq }) => seq)).toEqual([1]);
    expect(world.engine.outbox().map(({ attempts }) => attempts)).toEqual([0, 0]);
  });

  it('[OUT-25] a held mutation waits at the server and is asked for again at the next start', () => {
    const world = opened();
    world.write("insert into sales (id, store_id, customer_id) values ('s', '1', 'gone')");
    const [sent] = world.send() as [SentMutation];
    const batchId = 'unknown';
    const until = world.clock.millis + 1_000_000;
    world.engine.takeAnswers(batchId, [
      { kind: 'held', mutationId: sent.mutationId, parent: { table: 'customers', key: 'gone' }, until },
    ]);
    expect(world.engine.facts()).toMatchObject({ held: 1, pending: 1, nextRetryAt: null });
    expect(world.send()).toEqual([]);
    expect(opened({ driver: world.driver }).send()).toHaveLength(1);
  });

  it('[OUT-25] by a clock that is days ahead it is not asked for without end', () => {
    const world = opened();
    world.write("insert into sales (id, store_id, customer_id) values ('s', '1', 'gone')");
    const [sent] = world.send() as [SentMutation];
    const until = world.clock.millis + 5 * 86_400_000;
    world.clock.millis += 3_650 * 86_400_000;
    world.engine.takeAnswers('unknown', [
      { kind: 'held', mutationId: sent.mutationId, parent: { table: 'customers', key: 'gone' }, until },
    ]);
    expect(world.engine.facts()).toMatchObject({ held: 1, nextRetryAt: null });
    expect(world.send()).toEqual([]);
    world.clock.millis += 900_000;
    expect(world.send()).toHaveLength(1);
  });

  it('[OUT-26] settled seqs are told to the server once, as ranges', () => {
    const world = opened();
    for (const key of ['a', 'b', 'c', 'd']) world.write(insertCustomer, key, key);
    const sent = world.send();
    world.answer(applied(sent[0]!, 1), applied(sent[1]!, 2), rejected(sent[3]!));
    const ranges = world.engine.settledToAck();
    expect(ranges).toEqual([
      {
        runId: world.engine.facts().runId,
        ranges: [
          [1, 2],
          [4, 4],
        ],
      },
    ]);
    world.engine.acked(ranges);
    expect(world.engine.settledToAck()).toEqual([]);
  });

  it('[OUT-27] TRIALS 30: refuses at the write what is too large ever to be sent, and says the limits', () => {
    const world = opened();
    const many = Array.from({ length: 1_001 }, (_, index) => ({
      sql: insertCustomer,
      parameters: [`k${index}`, 'x'],
    }));
    expect(() => world.engine.write(many)).toThrow(
      expect.objectContaining({
        code: 'mutation_too_large',
        params: expect.objectContaining({ changes: 1_001, maxChanges: 1_000 }),
      }),
    );
    expect(() => world.write(insertCustomer, 'big', 'é'.repeat(60_000))).toThrow(
      expect.objectContaining({ code: 'mutation_too_large' }),
    );
    expect(world.row('select count(*) as n from customers')).toEqual({ n: 0 });
    // Whole images are larger than what is sent: a small edit of a large row goes.
    const wide = world.write(insertCustomer, 'wide', 'x'.repeat(60_000));
    world.send();
    world.answer({
      mutationId: wide!,
      outcome: 'applied',
      changes: [{ table: 'customers', key: 'wide', outcome: 'applied', version: 1 }],
    });
    expect(world.write("update customers set visits = 1 where id = 'wide'")).not.toBeNull();
  });

  it('[OUT-28] what a former run made travels with its origin', () => {
    const world = opened();
    world.write(insertCustomer, 'a', 'A');
    const before = world.engine.facts();
    const again = opened({ driver: world.driver });
    again.write(insertCustomer, 'b', 'B');
    const batch = again.engine.takeBatch({ lanes: shop.lanes, maxItems: 10, maxBytes: 1e6 })!;
    expect(batch.runId).not.toBe(before.runId);
    expect(batch.mutations.map(({ seq, origin }) => ({ seq, origin }))).toEqual([
      { seq: 1, origin: { clientId: before.clientId, runId: before.runId } },
      { seq: 1, origin: undefined },
    ]);
  });

  it('[OUT-28] what a former run made goes before what this one made, whatever the lanes', () => {
    const world = opened();
    const earlier = world.write(insertCustomer, 'a', 'A');
    const again = opened({ driver: world.driver });
    const urgent = again.write("insert into sales (id, store_id) values ('s', '1')");
    const batch = again.engine.takeBatch({ lanes: shop.lanes, maxItems: 10, maxBytes: 1e6 })!;
    expect(batch.lane).toBe('urgent');
    expect(batch.mutations.map(({ mutationId }) => mutationId)).toEqual([earlier, urgent]);
  });

  it('[OUT-28] a copy of a device gets a client id of its own for new work', () => {
    const world = opened();
    world.write(insertCustomer, 'a', 'A');
    const before = world.engine.facts();
    world.engine.becomeNewClient();
    world.write(insertCustomer, 'b', 'B');
    expect(world.engine.facts()).toMatchObject({ cloned: true });
    expect(world.engine.facts().clientId).not.toBe(before.clientId);
    const batch = world.engine.takeBatch({ lanes: shop.lanes, maxItems: 10, maxBytes: 1e6 })!;
    expect(batch.clientId).not.toBe(before.clientId);
    expect(batch.mutations.map(({ origin }) => origin?.clientId)).toEqual([before.clientId, undefined]);
  });

  it('[OUT-29] stamps never go back, whatever the clock does, across a restart too', () => {
    const world = opened();
    world.write(insertCustomer, 'a', 'A');
    const clock = {
      ...world.clock,
      millis: world.clock.millis - 3_600_000,
      now() {
        return this.millis;
      },
    };
    const again = opened({ driver: world.driver, clock });
    again.write(insertCustomer, 'b', 'B');
    const stamps = again.send().map((mutation) => (mutation as unknown as { hlc: string }).hlc);
    expect(stamps[1]! > stamps[0]!).toBe(true);
  });
});
