import { applyDelta, counterDelta } from '@satchel/core';
import type { Change, Values } from '@satchel/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { customer, opened, rows, type SentMutation } from '../../test/engine-fixture.ts';

/** A server with no policy but the last word: each change is laid on what it has, counters by increment. */
class PlainServer {
  readonly rows = new Map<string, { version: number; values: Values }>();
  version = 10;

  apply({ mutationId, changes }: SentMutation) {
    const touched = changes.map((change) => this.#applyOne(change));
    return { mutationId, outcome: 'applied' as const, changes: touched };
  }

  #applyOne(change: Change) {
    const { table, key, op } = change;
    this.version += 1;
    const answer = { table, key, outcome: 'applied' as const, version: this.version };
    if (op === 'delete') {
      expect(this.rows.delete(key)).toBe(true);
      return { ...answer, row: null };
    }
    const known = this.rows.get(key);
    // What is inserted is not there, and what is edited is.
    expect(known === undefined).toBe(op === 'insert');
    const values: Record<string, Values[string]> = { ...known?.values, ...change.values };
    if (op === 'update' && change.values?.visits !== undefined) {
      const from = change.seen?.visits?.value ?? change.confirmed?.values.visits;
      values.visits = applyDelta(known!.values.visits, counterDelta(from, change.values.visits))!;
    }
    this.rows.set(key, { version: this.version, values });
    return { ...answer, row: values };
  }
}

const KEYS = ['a', 'b', 'c'] as const;
const statement = fc.oneof(
  fc.record({ sql: fc.constant('insert'), key: fc.constantFrom(...KEYS), name: fc.string({ maxLength: 3 }) }),
  fc.record({
    sql: fc.constant('replace'),
    key: fc.constantFrom(...KEYS),
    name: fc.string({ maxLength: 3 }),
  }),
  fc.record({ sql: fc.constant('rename'), key: fc.constantFrom(...KEYS), name: fc.string({ maxLength: 3 }) }),
  fc.record({ sql: fc.constant('visit'), key: fc.constantFrom(...KEYS), name: fc.constant('') }),
  fc.record({ sql: fc.constant('delete'), key: fc.constantFrom(...KEYS), name: fc.constant('') }),
);
const SQL: Record<string, (key: string, name: string) => { sql: string; parameters: unknown[] }> = {
  insert: (key, name) => ({
    sql: "insert or ignore into customers (id, store_id, name) values (?, '1', ?)",
    parameters: [key, name],
  }),
  replace: (key, name) => ({
    sql: "insert or replace into customers (id, store_id, name) values (?, '1', ?)",
    parameters: [key, name],
  }),
  rename: (key, name) => ({ sql: 'update customers set name = ? where id = ?', parameters: [name, key] }),
  visit: (key) => ({ sql: 'update customers set visits = visits + 1 where id = ?', parameters: [key] }),
  delete: (key) => ({ sql: 'delete from customers where id = ?', parameters: [key] }),
};
const move = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      list: fc.array(statement, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('send' as const), items: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('answer' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pull' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('others' as const), key: fc.constantFrom(...KEYS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
);

describe('outbox laws', () => {
  it('[OUT-13] however writes are folded, sent, lost, sent again and pulled, the server ends with what the screen shows', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 30 }), (moves) => {
        const server = new PlainServer();
        const outcomes = new Map<string, ReturnType<PlainServer['apply']>>();
        server.rows.set('a', { version: 1, values: { id: 'a', ...customer('Ann') } });
        let world = opened();
        const pull = () => {
          const present = [...server.rows].map(
            ([key, { version, values }]) => [key, version, values] as const,
          );
          const gone = KEYS.filter((key) => !server.rows.has(key));
          world.page([
            rows('store:1', 'customers', ...present),
            {
              line: 'gone',
              scope: 'store:1',
              table: 'customers',
              keys: [...gone],
              versions: gone.map(() => server.version),
              reasons: gone.map(() => 'deleted' as const),
            },
            { line: 'outcomes', outcomes: [...outcomes.values()] },
          ]);
        };
        pull();
        let batch = null as ReturnType<typeof world.engine.takeBatch>;
        const take = (maxItems: number) => {
          batch ??= world.engine.takeBatch({
            lanes: ['urgent', 'high', 'medium', 'low'],
            maxItems,
            maxBytes: 1e6,
          });
          for (const mutation of batch?.mutations ?? []) {
            if (!outcomes.has(mutation.mutationId)) outcomes.set(mutation.mutationId, server.apply(mutation));
          }
        };
        const answer = () => {
          if (!batch) return;
          const { batchId, mutations } = batch;
          batch = null;
          world.engine.takeAnswers(
            batchId,
            mutations.map(({ mutationId }) => ({ kind: 'outcome', outcome: outcomes.get(mutationId)! })),
          );
        };
        for (const one of moves) {
          switch (one.do) {
            case 'write':
              world.engine.write(one.list.map(({ sql, key, name }) => SQL[sql]!(key, name)));
              break;
            case 'send':
              take(one.items);
              break;
            case 'answer':
              answer();
              break;
            case 'lose':
              if (batch)
                world.engine.returnBatch(batch.batchId, { code: 'network_timeout', params: {} }, false);
              batch = null;
              break;
            case 'pull':
              pull();
              break;
            case 'others': {
              const known = server.rows.get(one.key);
              if (!known) break;
              server.version += 1;
              const visits = (known.values.visits as number) + 100;
              server.rows.set(one.key, { version: server.version, values: { ...known.values, visits } });
              break;
            }
            case 'reopen':
              world = opened({ driver: world.driver, clock: world.clock });
              batch = null;
              break;
          }
        }
        for (let round = 0; world.engine.facts().pending > 0; round++) {
          expect(round).toBeLessThan(200);
          take(10);
          answer();
        }
        pull();
        const shown = world.engine.all('select * from customers order by id');
        expect(shown.map(({ id, name, visits }) => ({ id, name, visits }))).toEqual(
          [...server.rows.values()]
            .map(({ values: { id, name, visits } }) => ({ id, name, visits }))
            .toSorted((x, y) => (x.id! < y.id! ? -1 : 1)),
        );
        for (const name of ['satchel_changes', 'satchel_base']) {
          expect(world.driver.prepare(`select count(*) as n from ${name}`).get()).toEqual({ n: 0 });
        }
        world.engine.close();
      }),
      { numRuns: 100 },
    );
  });
});
