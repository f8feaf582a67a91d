import { describe, expect, it } from 'vitest';
import { applied, customer, insertCustomer, opened, rows, scope } from '../../test/engine-fixture.ts';

const newKey = (mutationId: string, key: string, to: string, version: number) => ({
  mutationId,
  outcome: 'merged' as const,
  changes: [
    { table: 'customers', key, outcome: 'merged' as const, newKey: to, version, row: customer('Mine') },
  ],
});

describe('new keys', () => {
  it('[OUT-40] TRIALS 13: row, outbox, and references of this device follow; the other party’s row keeps the key', () => {
    const world = opened();
    world.page([
      scope('store:1', 'backfill'),
      rows('store:1', 'sales', ['theirs', 1, { storeId: '1', customerId: 'k', note: null, amount: 1 }]),
    ]);
    world.write(insertCustomer, 'k', 'Mine');
    const [insert] = world.send();
    world.write("update customers set name = 'Mine, edited' where id = 'k'");
    world.write("insert into sales (id, store_id, customer_id) values ('mine', '1', 'k')");
    world.write("update sales set note = 'paid' where id = 'theirs'");
    // The stranger's row under the same key arrives before the answer.
    world.page([rows('store:1', 'customers', ['k', 5, customer('Theirs')])]);
    expect(world.row("select name from customers where id = 'k'")).toEqual({ name: 'Mine, edited' });

    world.answer(newKey(insert!.mutationId, 'k', 'k2', 8));
    expect(world.engine.all('select id, name from customers order by id')).toEqual([
      { id: 'k', name: 'Theirs' },
      { id: 'k2', name: 'Mine, edited' },
    ]);
    expect(world.engine.all('select id, customer_id from sales order by id')).toEqual([
      { id: 'mine', customer_id: 'k2' },
      { id: 'theirs', customer_id: 'k' },
    ]);
    expect(world.engine.rowState('customers', 'k')).toMatchObject({ state: 'synced', version: 5 });
    const batch = world.engine.takeBatch({ lanes: ['urgent', 'high'], maxItems: 10, maxBytes: 1e6 })!;
    expect(batch.renamedFrom).toBe(5);
    expect(
      batch.mutations.flatMap(({ changes }) =>
        changes.map(({ op, key, values }) => [op, key, values?.customerId]),
      ),
    ).toEqual([
      ['update', 'k2', undefined],
      ['insert', 'mine', 'k2'],
      ['update', 'theirs', undefined],
    ]);
  });

  it('[OUT-40] a sent mutation keeps its text; here it shows under the new key, and its outcome finds the row', () => {
    const world = opened();
    world.write(insertCustomer, 'k', 'Mine');
    world.engine.write([{ sql: "update customers set name = 'Edited' where id = 'k'" }], 'edit');
    const [insert, edit] = world.send();
    expect(edit!.changes[0]!.key).toBe('k');
    world.engine.takeAnswers('any', [{ kind: 'outcome', outcome: newKey(insert!.mutationId, 'k', 'k2', 8) }]);
    expect(world.engine.all('select id, name from customers')).toEqual([{ id: 'k2', name: 'Edited' }]);
    world.answer(applied(edit!, 9));
    expect(world.engine.all('select id, name, satchel_version from customers')).toEqual([
      { id: 'k2', name: 'Edited', satchel_version: 9 },
    ]);
  });

  it.each([5, 8])(
    '[OUT-40] a row merged into one that came before its answer keeps the scope that holds that one (version %i)',
    (version) => {
      const world = opened();
      world.page([scope('store:1', 'backfill')]);
      world.write(insertCustomer, 'mine', 'Mine');
      const [insert] = world.send();
      world.page([rows('store:1', 'customers', ['theirs', 5, customer('Mine')])]);
      const merged = newKey(insert!.mutationId, 'mine', 'theirs', version);
      world.answer(merged);
      world.page([{ line: 'outcomes', outcomes: [merged] }]);
      expect(world.engine.all('select id, name from customers')).toEqual([{ id: 'theirs', name: 'Mine' }]);
      world.page([scope('store:1', 'left')]);
      expect(world.engine.all('select id from customers')).toEqual([]);
    },
  );

  it('[OUT-40] a confirmed reference that the user lets go of stays as it was confirmed', () => {
    const world = opened();
    world.page([
      rows('store:1', 'sales', ['theirs', 1, { storeId: '1', customerId: 'k', note: null, amount: 1 }]),
    ]);
    world.write(insertCustomer, 'k', 'Mine');
    const [insert] = world.send();
    world.write("update sales set customer_id = null where id = 'theirs'");
    world.answer(newKey(insert!.mutationId, 'k', 'k2', 8));
    expect(world.changes()).toEqual([
      [
        expect.objectContaining({
          confirmed: { version: 1, values: { customerId: 'k' } },
          values: { customerId: null },
        }),
      ],
    ]);
  });

  it('[OUT-41] conflicts of this device follow the new key', () => {
    const world = opened();
    world.write(insertCustomer, 'k', 'Mine');
    const [insert] = world.send();
    const { clientId } = world.engine.facts();
    const conflict = {
      conflictId: '00000000-0000-7000-8000-000000000001',
      table: 'customers',
      key: 'k',
      kind: 'insert' as const,
      state: 'open' as const,
      mutationIds: [insert!.mutationId],
      author: 'ana',
      columns: [],
      base: null,
      client: null,
      server: null,
      result: null,
      policy: 'new-key',
      flags: [],
      createdAt: 1,
    };
    world.engine.takeConflicts([
      { ...conflict, clientId },
      { ...conflict, conflictId: '00000000-0000-7000-8000-000000000002', author: 'bob' },
    ]);
    world.answer(newKey(insert!.mutationId, 'k', 'k2', 8));
    expect(world.engine.conflicts().map(({ author, key }) => [author, key])).toEqual([
      ['bob', 'k'],
      ['ana', 'k2'],
    ]);
    expect(world.engine.rowState('customers', 'k2').state).toBe('conflict');
  });
});
