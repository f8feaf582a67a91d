import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffRows } from './row-diff.ts';

const rows = fc.array(
  fc.record({ id: fc.integer({ min: 0, max: 5 }).map(String), n: fc.integer({ min: 0, max: 2 }) }),
  { maxLength: 8 },
);

describe('row diff', () => {
  it('[LIVEQ-01] tells nothing when nothing differs', () => {
    fc.assert(
      fc.property(rows, (list) => {
        expect(diffRows(list, structuredClone(list), ['id'])).toBeNull();
      }),
    );
  });

  it('[LIVEQ-02] turns the result before into the result after', () => {
    fc.assert(
      fc.property(rows, rows, (before, after) => {
        const diff = diffRows(before, after, ['id']);
        if (!diff) {
          expect(after).toEqual(before);
          return;
        }
        expect(diff.rows).toEqual(after);
        const left = [...before];
        for (const row of diff.removed) left.splice(left.indexOf(row as never), 1);
        for (const { before: old, after: now } of diff.changed)
          left[left.indexOf(old as never)] = now as never;
        const sorted = (list: readonly unknown[]): string[] => list.map((row) => JSON.stringify(row)).sort();
        expect(sorted([...left, ...diff.added])).toEqual(sorted(after));
      }),
    );
  });

  it('[LIVEQ-03] keeps the objects of rows that did not change', () => {
    const before = [
      { id: '1', n: 1 },
      { id: '2', n: 1 },
    ];
    const diff = diffRows(
      before,
      [
        { id: '1', n: 1 },
        { id: '2', n: 2 },
      ],
      ['id'],
    );
    expect(diff?.rows[0]).toBe(before[0]);
    expect(diff?.changed).toEqual([{ before: { id: '2', n: 1 }, after: { id: '2', n: 2 } }]);
  });

  it('[LIVEQ-04] tells a new order', () => {
    const [a, b] = [{ id: '1' }, { id: '2' }];
    expect(diffRows([a, b], [b, a], ['id'])).toEqual({ rows: [b, a], added: [], removed: [], changed: [] });
  });
});
