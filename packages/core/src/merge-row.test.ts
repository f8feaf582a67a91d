import type { Values } from '@satchel/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EARLIER, factsOf, stamp, tableWith, updateOf } from '../test/merge-cases.ts';
import { mergeRow } from './merge-row.ts';
import type { UpdatePolicy } from './policy.ts';
import type { FieldWriter } from './writer.ts';
import { writerColumns } from './writer.ts';

const base: Values = { id: 'p1', name: 'a', note: 'n', price: '1', stock: 10, tags: ['x'], ackAt: null };

describe('[CORE-ROW-01] what becomes of an update', () => {
  const table = tableWith({ kind: 'server-wins' });

  test('applied: as sent, beside edits of other columns', () => {
    const verdict = mergeRow(table, updateOf({ name: 'b' }, base), { ...base, note: 'theirs' }, factsOf());
    expect(verdict).toEqual({
      outcome: 'applied',
      effect: 'update',
      write: { name: 'b' },
      took: ['name'],
      stamps: {},
    });
  });

  test('applied with nothing to write: both wrote the same', () => {
    const verdict = mergeRow(table, updateOf({ name: 'b' }, base), { ...base, name: 'b' }, factsOf());
    expect(verdict).toMatchObject({ outcome: 'applied', effect: 'none', write: {}, took: ['name'] });
    expect(verdict.conflict).toBeUndefined();
  });

  test('merged: a counter took in two edits; no conflict', () => {
    const verdict = mergeRow(table, updateOf({ stock: 8 }, base), { ...base, stock: 15 }, factsOf());
    expect(verdict).toMatchObject({ outcome: 'merged', write: { stock: 13 }, took: ['stock'] });
    expect(verdict.conflict).toBeUndefined();
  });

  test('superseded: one field lost, the others took effect, the loser is kept', () => {
    const change = updateOf({ name: 'mine', price: '2', stock: 11 }, base);
    const verdict = mergeRow(table, change, { ...base, name: 'theirs', stock: 12 }, factsOf());
    expect(verdict).toMatchObject({
      outcome: 'superseded',
      effect: 'update',
      write: { price: '2', stock: 13 },
      took: ['price', 'stock'],
      conflict: {
        kind: 'update',
        state: 'settled',
        decision: 'accept-server',
        columns: ['name'],
        base: { name: 'a' },
        client: { name: 'mine' },
        server: { name: 'theirs' },
        result: { name: 'theirs' },
        policy: 'server-wins',
      },
    });
  });

  test('merged: the user’s value won a clash, the server’s is kept', () => {
    const verdict = mergeRow(
      tableWith({ kind: 'client-wins' }),
      updateOf({ name: 'mine' }, base),
      { ...base, name: 'theirs' },
      factsOf(),
    );
    expect(verdict).toMatchObject({ outcome: 'merged', write: { name: 'mine' } });
    expect(verdict.conflict).toMatchObject({ decision: 'accept-client', server: { name: 'theirs' } });
  });

  test('review: held, nothing of it takes effect', () => {
    const table = tableWith(
      { kind: 'client-wins' },
      {
        fields: {
          price: {
            kind: 'review',
            by: { role: 'manager' },
            reason: 'prices are printed',
            expireAfter: 5,
            then: 'client-wins',
          },
        },
      },
    );
    const change = updateOf({ name: 'mine', price: '2', note: 'm' }, base);
    const verdict = mergeRow(table, change, { ...base, name: 'theirs', price: '3' }, factsOf());
    expect(verdict).toMatchObject({
      outcome: 'review',
      effect: 'none',
      write: {},
      took: [],
      stamps: {},
      conflict: {
        state: 'open',
        columns: ['name', 'price'],
        result: { name: 'theirs', price: '3' },
        policy: 'review',
        by: { role: 'manager' },
        reason: 'prices are printed',
        expireAfter: 5,
        expireThen: 'client-wins',
      },
    });
    expect(verdict.conflict).not.toHaveProperty('decision');
  });

  test('review until apply: it all takes effect, and the conflict stays open', () => {
    const verdict = mergeRow(
      tableWith({ kind: 'review', until: 'apply' }),
      updateOf({ name: 'mine' }, base),
      { ...base, name: 'theirs' },
      factsOf(),
    );
    expect(verdict).toMatchObject({ outcome: 'merged', write: { name: 'mine' }, took: ['name'] });
    expect(verdict.conflict).toMatchObject({ state: 'open', result: { name: 'mine' } });
  });

  test('rejected: a counter out of range, a column that is none', () => {
    const full = { ...base, stock: Number.MAX_SAFE_INTEGER };
    expect(mergeRow(table, updateOf({ stock: 11 }, base), full, factsOf())).toMatchObject({
      outcome: 'rejected',
      effect: 'none',
      problem: { code: 'counter_overflow', params: { table: 'products', column: 'stock', key: 'p1' } },
    });
    for (const name of ['nope', 'constructor', '__proto__']) {
      const values = JSON.parse(`{"${name}":1}`) as Values;
      expect(mergeRow(table, updateOf(values, base), base, factsOf()).problem?.code).toBe('column_unknown');
    }
  });
});

test('[CORE-ROW-02] the base of a conflict is what the user saw', () => {
  const change = updateOf({ name: 'c' }, base, { seen: { name: { value: 'b', mutationId: EARLIER } } });
  const verdict = mergeRow(tableWith({ kind: 'server-wins' }), change, { ...base, name: 'z' }, factsOf());
  expect(verdict.conflict?.base).toEqual({ name: 'b' });
});

test('[CORE-ROW-03] what an earlier mutation became is asked by its id', () => {
  const change = updateOf({ name: 'c' }, base, { seen: { name: { value: 'b', mutationId: EARLIER } } });
  const became = (mutationId: string, column: string) =>
    mutationId === EARLIER && column === 'name' ? 'B' : undefined;
  const verdict = mergeRow(
    tableWith({ kind: 'review' }),
    change,
    { ...base, name: 'B' },
    factsOf({ became }),
  );
  expect(verdict).toMatchObject({ outcome: 'applied', write: { name: 'c' } });
});

test('[CORE-ROW-04] stamps are kept for columns whose policy asks, believed only as far as the clock can be', () => {
  const table = tableWith(
    { kind: 'server-wins' },
    {
      fields: {
        name: { kind: 'merge', then: { kind: 'latest-wins' } },
        note: { kind: 'earliest-wins', column: 'ackAt' },
        price: { kind: 'role-wins', role: 'manager' },
      },
    },
  );
  expect([...writerColumns(table.columns, table.conflicts)]).toEqual([
    ['name', 'later'],
    ['ackAt', 'earlier'],
    ['price', 'later'],
  ]);
  const change = updateOf({ name: 'b', note: 'm', ackAt: 5, price: '2', stock: 11 }, base);
  const honest = mergeRow(table, change, base, factsOf({ hlc: stamp(500) }));
  expect(honest.stamps).toEqual({ name: stamp(500), ackAt: stamp(500), price: stamp(500) });
  const future = mergeRow(table, change, base, factsOf({ hlc: stamp(1e12) }));
  expect(future.stamps).toEqual({ name: stamp(0), ackAt: stamp(1_000), price: stamp(0) });
});

test('[CORE-ROW-04] a column that an earliest-wins goes by counts as one, whatever its own policy', () => {
  const fields = {
    ackAt: { kind: 'latest-wins' },
    name: { kind: 'earliest-wins', column: 'ackAt' },
  } as const;
  const table = tableWith({ kind: 'server-wins' }, { fields });
  expect([...writerColumns(table.columns, table.conflicts)]).toEqual([['ackAt', 'earlier']]);
});

/** A row on a server: merges edits one by one, as push does, and keeps the writers. */
const settle = (policy: UpdatePolicy, start: Values, edits: readonly Edit[]): Values => {
  const table = tableWith(policy);
  let row = start;
  const writers: Record<string, FieldWriter> = {};
  for (const edit of edits) {
    const facts = factsOf({ hlc: edit.hlc, roles: edit.roles, mutationId: edit.mutationId, writers });
    const verdict = mergeRow(table, updateOf(edit.values, start), row, facts);
    row = { ...row, ...verdict.write };
    for (const [name, hlc] of Object.entries(verdict.stamps)) {
      writers[name] = { hlc, roles: edit.roles, mutationId: edit.mutationId };
    }
  }
  return row;
};

interface Edit {
  readonly values: Values;
  readonly hlc: ReturnType<typeof stamp>;
  readonly roles: readonly string[];
  readonly mutationId: string;
}

const edit = (values: fc.Arbitrary<Values>): fc.Arbitrary<Edit> =>
  fc.record({
    values,
    hlc: fc
      .tuple(fc.integer({ min: 0, max: 1_000 }), fc.constantFrom('p', 'q'))
      .map(([millis, node]) => stamp(millis, node)),
    roles: fc.constantFrom<readonly string[]>([], ['manager']),
    mutationId: fc.uuid(),
  });

const names = fc.constantFrom<Values>({ name: 'b' }, { name: 'c' }, { name: 'd' }, { name: 'e' });
const shuffled = <T>(edits: readonly T[]): fc.Arbitrary<T[]> =>
  fc.shuffledSubarray([...edits], { minLength: edits.length, maxLength: edits.length });

describe('edits that do not know of one another', () => {
  test.each<UpdatePolicy>([{ kind: 'latest-wins' }, { kind: 'earliest-wins' }])(
    '[CORE-LAW-01] end the same in whatever order they arrive: $kind',
    (policy) => {
      const edits = fc.uniqueArray(edit(names), {
        minLength: 2,
        maxLength: 5,
        selector: ({ mutationId }) => mutationId,
      });
      fc.assert(
        fc.property(
          edits.chain((all) => fc.tuple(shuffled(all), shuffled(all))),
          ([one, other]) => {
            expect(settle(policy, base, one)).toEqual(settle(policy, base, other));
          },
        ),
        { numRuns: 1_000 },
      );
    },
  );

  test.each<UpdatePolicy>([
    { kind: 'server-wins' },
    { kind: 'client-wins' },
    { kind: 'review' },
    { kind: 'merge' },
  ])('[CORE-LAW-02] of counters and sets end the same in whatever order, no edit lost: $kind', (policy) => {
    const commuting = fc.record({
      stock: fc.integer({ min: 0, max: 20 }),
      tags: fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 }).map((all) => all.sort()),
    });
    const edits = fc.array(edit(commuting), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(
        edits.chain((all) => fc.tuple(shuffled(all), shuffled(all))),
        ([one, other]) => {
          const row = settle(policy, base, one);
          expect(settle(policy, base, other)).toEqual(row);
          const sum = one.reduce((total, { values }) => total + Number(values.stock) - 10, 10);
          expect(row.stock).toBe(sum);
        },
      ),
    );
  });

  test('[CORE-LAW-03] of different columns all take effect, in whatever order', () => {
    const policy = fc.constantFrom<UpdatePolicy>(
      { kind: 'server-wins' },
      { kind: 'client-wins' },
      { kind: 'review' },
    );
    fc.assert(
      fc.property(policy, fc.boolean(), (rule, swap) => {
        const one: Edit = { values: { name: 'b' }, hlc: stamp(1), roles: [], mutationId: 'm1' };
        const other: Edit = { values: { note: 'm' }, hlc: stamp(2), roles: [], mutationId: 'm2' };
        const row = settle(rule, base, swap ? [other, one] : [one, other]);
        expect(row).toEqual({ ...base, name: 'b', note: 'm' });
      }),
    );
  });

  test('[CORE-LAW-04] clocks that are far out change no outcome among themselves', () => {
    const far = fc.constantFrom(-5e12, -1e9, 1e9, 2e12, 9e15);
    fc.assert(
      fc.property(
        fc.constantFrom<UpdatePolicy>({ kind: 'latest-wins' }, { kind: 'earliest-wins' }),
        far,
        far,
        (policy, a, b) => {
          const honest: Edit = { values: { name: 'b' }, hlc: stamp(500), roles: [], mutationId: 'm1' };
          const wrong = (millis: number): Edit => ({
            values: { name: 'c' },
            hlc: stamp(millis),
            roles: [],
            mutationId: 'm2',
          });
          expect(settle(policy, base, [honest, wrong(a)])).toEqual(settle(policy, base, [honest, wrong(b)]));
          expect(settle(policy, base, [honest, wrong(a)]).name).toBe('b');
          expect(settle(policy, base, [wrong(a), honest]).name).toBe('b');
        },
      ),
    );
  });
});
