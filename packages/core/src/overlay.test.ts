import type { Value, Values } from '@satchel/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Columns } from './column.ts';
import { layOver, type PendingChange, seenValues } from './overlay.ts';

const columns: Columns = {
  id: { name: 'id', type: 'id', nullable: false },
  name: { name: 'name', type: 'text', nullable: true },
  note: { name: 'note', type: 'text', nullable: true },
  stock: { name: 'stock', type: 'counter', nullable: false },
  tags: { name: 'tags', type: 'set', nullable: false },
  story: { name: 'story', type: 'document', nullable: true },
};
const base: Values = { id: '1', name: 'a', note: null, stock: 10, tags: ['x'], story: 'AA==' };
const update = (old: Values, values: Values): PendingChange => ({ op: 'update', old, values });

describe('[CORE-OVERLAY-01] the visible row', () => {
  test('is the base when nothing is pending', () => {
    expect(layOver(columns, base, [])).toEqual(base);
    expect(layOver(columns, null, [])).toBeNull();
  });

  test('has the user’s value in the columns that the user changed, the base’s in the others', () => {
    const edit = update({ ...base }, { ...base, name: 'mine' });
    expect(layOver(columns, { ...base, name: 'theirs', note: 'theirs' }, [edit])).toEqual({
      ...base,
      name: 'mine',
      note: 'theirs',
    });
  });

  test('adds increments and members to what the base has become', () => {
    const edit = update({ stock: 10, tags: ['x'] }, { stock: 7, tags: ['y'] });
    expect(layOver(columns, { ...base, stock: 100, tags: ['x', 'z'] }, [edit])).toEqual({
      ...base,
      stock: 97,
      tags: ['y', 'z'],
    });
  });

  test('is the user’s value as it is where the base is still what the user saw', () => {
    const never = { merge: (): string => 'merged' };
    const edit = update(
      { story: 'AA==', stock: 10, tags: ['x'] },
      { story: 'AQ==', stock: null, tags: null },
    );
    expect(layOver(columns, base, [edit], never)).toEqual({
      ...base,
      story: 'AQ==',
      stock: null,
      tags: null,
    });
  });

  test('follows inserts and deletes', () => {
    const insert: PendingChange = { op: 'insert', values: { ...base, name: 'new' } };
    expect(layOver(columns, null, [insert])).toEqual({ ...base, name: 'new' });
    expect(layOver(columns, base, [{ op: 'delete' }])).toBeNull();
    expect(layOver(columns, base, [{ op: 'delete' }, insert])).toEqual({ ...base, name: 'new' });
  });

  test('of a row that the server deleted is what the user had, with the edit', () => {
    expect(layOver(columns, null, [update(base, { ...base, name: 'mine' })])).toEqual({
      ...base,
      name: 'mine',
    });
    expect(layOver(columns, null, [{ op: 'update', values: { name: 'mine' } }])).toBeNull();
    const some: PendingChange = { ...update({ name: 'a' }, { name: 'mine' }), isPartial: true };
    expect(layOver(columns, null, [some])).toBeNull();
    expect(layOver(columns, base, [some])).toEqual({ ...base, name: 'mine' });
  });

  test('merges documents when it is given a way to', () => {
    const edit = update({ story: 'AA==' }, { story: 'AQ==' });
    const merged = layOver(columns, { ...base, story: 'Ag==' }, [edit], { merge: (a, b) => `${a}+${b}` });
    expect(merged?.story).toBe('Ag==+AQ==');
    expect(layOver(columns, { ...base, story: 'Ag==' }, [edit])?.story).toBe('AQ==');
  });
});

const value: fc.Arbitrary<Values> = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  stock: fc.integer({ min: -5, max: 5 }),
  tags: fc.constantFrom<Value[]>([], ['x'], ['x', 'y'], ['z']),
});

/** Edits one after the other, each on what the one before left. */
const chain = (start: Values, steps: readonly Values[]): PendingChange[] => {
  let old = start;
  return steps.map((step) => {
    const values = { ...old, ...step };
    const change = update(old, values);
    old = values;
    return change;
  });
};

test('[CORE-OVERLAY-02] over the base that the user edited, it is exactly what the user wrote', () => {
  fc.assert(
    fc.property(value, fc.array(value, { minLength: 1, maxLength: 5 }), (start, steps) => {
      expect(layOver(columns, start, chain(start, steps))).toEqual({ ...start, ...steps.at(-1) });
    }),
  );
});

test('[CORE-OVERLAY-03] settling the first edits by rebasing changes nothing on the screen', () => {
  fc.assert(
    fc.property(value, fc.array(value, { minLength: 1, maxLength: 5 }), fc.nat(5), (start, steps, count) => {
      const changes = chain(start, steps);
      const settled = Math.min(count, changes.length);
      const newBase = layOver(columns, start, changes.slice(0, settled));
      expect(layOver(columns, newBase, changes.slice(settled))).toEqual(layOver(columns, start, changes));
    }),
  );
});

test('[CORE-OVERLAY-04] what the user saw is the pending value where there was one', () => {
  const mutationId = '018bcfe5-6800-7000-8000-000000000001';
  expect(
    seenValues({
      table: 't',
      op: 'update',
      key: 'k',
      values: { name: 'c', note: 'n' },
      confirmed: { version: 1, values: { name: 'a', note: null } },
      seen: { name: { value: 'b', mutationId } },
    }),
  ).toEqual({ name: 'b', note: null });
});
