import { type Change, isUuid, type Values } from '@satchel/protocol';
import { describe, expect, test } from 'vitest';
import { columns, factsOf, MUTATION, stamp, tableWith } from '../test/merge-cases.ts';
import { decideChange } from './change-decision.ts';
import { canRenameKeys, newKeyFor } from './insert-policy.ts';
import type { InsertPolicy } from './policy.ts';
import { decideUnique } from './unique-policy.ts';

const mine: Values = { id: 'p1', name: 'mine', note: null, price: '1', stock: 5, tags: ['a'] };
const theirs: Values = { id: 'p1', name: 'theirs', note: 'n', price: '1', stock: 3, tags: ['b'] };
const insert: Change = { table: 'products', op: 'insert', key: 'p1', values: mine };
const tableOf = (policy: InsertPolicy) => tableWith({ kind: 'latest-wins' }, { insert: policy });
const absent = { row: null, deleted: false, last: null };
const there = (row: Values) => ({ row, deleted: false, last: null });

describe('an insert', () => {
  test('[CORE-INSERT-01] of a free key is written whole, with the stamps that policies ask for', () => {
    const verdict = decideChange(tableOf({ kind: 'new-key' }), insert, absent, factsOf({ hlc: stamp(7) }));
    expect(verdict).toMatchObject({ outcome: 'applied', effect: 'insert', write: mine });
    expect(verdict.took).toEqual(Object.keys(mine));
    expect(verdict.stamps.name).toEqual(stamp(7));
  });

  test.each<InsertPolicy['kind']>(['new-key', 'merge', 'reject'])(
    '[CORE-INSERT-02] of a row that is there with the same values agrees, under %s',
    (kind) => {
      const same = { ...mine, tags: ['a'], number: 12 };
      expect(decideChange(tableOf({ kind }), insert, there(same), factsOf())).toMatchObject({
        outcome: 'applied',
        effect: 'none',
      });
    },
  );

  test('[CORE-INSERT-03] new-key: both rows live, the second under a key that a retry makes again', () => {
    const verdict = decideChange(tableOf({ kind: 'new-key' }), insert, there(theirs), factsOf());
    const newKey = newKeyFor(MUTATION, 'products', 'p1');
    expect(isUuid(newKey)).toBe(true);
    expect(verdict).toMatchObject({
      outcome: 'merged',
      effect: 'insert',
      newKey,
      write: { ...mine, id: newKey },
      conflict: { kind: 'insert', state: 'settled', client: mine, server: theirs },
    });
    expect(decideChange(tableOf({ kind: 'new-key' }), insert, there(theirs), factsOf())).toEqual(verdict);
    expect(newKeyFor(MUTATION, 'products', 'p2')).not.toBe(newKey);
    expect(newKeyFor(MUTATION, 'sales', 'p1')).not.toBe(newKey);
  });

  test('[CORE-INSERT-03] new-key where keys cannot be given anew is a rejection', () => {
    const numbered = {
      ...tableOf({ kind: 'new-key' }),
      columns: { ...columns, id: { ...columns.id, keyType: 'integer' as const } },
    };
    expect(canRenameKeys(numbered)).toBe(false);
    expect(canRenameKeys({ ...numbered, primaryKey: ['id', 'name'] })).toBe(false);
    expect(decideChange(numbered, insert, there(theirs), factsOf()).problem?.code).toBe('row_exists');
  });

  test('[CORE-INSERT-04] merge: what only one side filled stays, counters add, sets unite, the rest is judged', () => {
    const verdict = decideChange(tableOf({ kind: 'merge' }), insert, there(theirs), factsOf());
    expect(verdict).toMatchObject({
      outcome: 'superseded',
      effect: 'update',
      write: { stock: 8, tags: ['a', 'b'] },
      conflict: { kind: 'insert', columns: ['name'], policy: 'server-wins', result: { name: 'theirs' } },
    });
    const mineWins = decideChange(
      tableOf({ kind: 'merge', then: { kind: 'client-wins' } }),
      insert,
      there(theirs),
      factsOf(),
    );
    expect(mineWins).toMatchObject({
      outcome: 'merged',
      write: { name: 'mine', stock: 8, tags: ['a', 'b'] },
    });
    expect(mineWins.write).not.toHaveProperty('note');
  });

  test('[CORE-INSERT-04] merge: rows that fill different columns become one', () => {
    const verdict = decideChange(
      tableOf({ kind: 'merge' }),
      { ...insert, values: { ...mine, stock: 0, tags: [] } },
      there({ ...theirs, name: null, stock: 3 }),
      factsOf(),
    );
    expect(verdict).toMatchObject({ outcome: 'merged', effect: 'update', write: { name: 'mine' } });
    expect(verdict.conflict).toBeUndefined();
  });

  test('[CORE-INSERT-05] reject says which row is there', () => {
    expect(decideChange(tableOf({ kind: 'reject' }), insert, there(theirs), factsOf())).toMatchObject({
      outcome: 'rejected',
      effect: 'none',
      problem: { code: 'row_exists', params: { table: 'products', key: 'p1' } },
    });
  });

  test('[CORE-INSERT-06] of a column that is none is a rejection', () => {
    const values = { ...mine, nope: 1 };
    expect(
      decideChange(tableOf({ kind: 'merge' }), { ...insert, values }, absent, factsOf()).problem?.code,
    ).toBe('column_unknown');
  });
});

describe('a unique value that another row has', () => {
  const holder = { columns: ['name'], key: 'p9', row: { ...theirs, id: 'p9', name: 'mine' } };
  const table = (kind: 'reject' | 'review' | 'merge-into') =>
    tableWith({ kind: 'server-wins' }, { unique: { kind } });

  test('[CORE-UNIQUE-01] reject names the columns and the holder', () => {
    expect(decideUnique(table('reject'), insert, holder, factsOf())).toMatchObject({
      outcome: 'rejected',
      problem: { code: 'unique_taken', params: { table: 'products', columns: ['name'], holder: 'p9' } },
    });
  });

  test('[CORE-UNIQUE-01] review carries the row that holds the value', () => {
    expect(decideUnique(table('review'), insert, holder, factsOf())).toMatchObject({
      outcome: 'review',
      effect: 'none',
      conflict: { kind: 'unique', state: 'open', client: mine, server: holder.row },
    });
  });

  test('[CORE-UNIQUE-02] merge-into makes a new row part of the holder', () => {
    expect(decideUnique(table('merge-into'), insert, holder, factsOf())).toMatchObject({
      outcome: 'merged',
      effect: 'update',
      newKey: 'p9',
      write: { stock: 8, tags: ['a', 'b'] },
    });
  });

  test('[CORE-UNIQUE-02] an update cannot be merged into another row', () => {
    const update: Change = { ...insert, op: 'update' };
    expect(decideUnique(table('merge-into'), update, holder, factsOf()).problem?.code).toBe('unique_taken');
  });
});
