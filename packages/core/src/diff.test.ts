import type { Change, Values } from '@satchel/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Columns } from './column.ts';
import { diffValues, foldChanges, foldImages, type Images, opOf } from './diff.ts';

const columns: Columns = {
  id: { name: 'id', type: 'id', nullable: false },
  name: { name: 'name', type: 'text', nullable: true },
  tags: { name: 'tags', type: 'set', nullable: true },
  size: { name: 'size', type: 'decimal', nullable: true },
};
const M1 = '018bcfe5-6800-7000-8000-000000000001';
const M2 = '018bcfe5-6800-7000-8000-000000000002';

test('[CORE-DIFF-01] only columns whose value changed, by canonical form', () => {
  expect(
    diffValues(
      columns,
      { id: '1', name: 'a', tags: ['x', 'y'], size: '1.50' },
      { id: '1', name: 'b', tags: ['y', 'x'], size: '1.5', hidden: 1 },
    ),
  ).toEqual({ name: 'b' });
  expect(diffValues(columns, { name: 'a' }, { name: null })).toEqual({ name: null });
  expect(diffValues(columns, { name: 'a' }, {})).toEqual({});
});

test('[CORE-DIFF-01] the difference laid on the old row gives the new one', () => {
  const row = fc.record({
    name: fc.constantFrom(null, 'a', 'b'),
    tags: fc.constantFrom(null, ['a'], ['a', 'b']),
    size: fc.constantFrom('1', '2.5'),
  });
  fc.assert(
    fc.property(row, row, (before, after) => {
      const changed = diffValues(columns, before, after);
      expect({ ...before, ...changed }).toEqual(after);
      expect(diffValues(columns, after, { ...before, ...changed })).toEqual({});
    }),
  );
});

test('[CORE-FOLD-01] effects on one row fold into what they amount to, in any grouping', () => {
  const image = fc.option(fc.record({ name: fc.constantFrom('a', 'b', 'c') }), { nil: null });
  const distinct = (images: readonly (Values | null)[]): boolean =>
    images.every((row, index) => index === 0 || row !== null || images[index - 1] !== null);
  fc.assert(
    fc.property(fc.array(image, { minLength: 4, maxLength: 4 }).filter(distinct), ([a, b, c, d]) => {
      const [x, y, z]: Images[] = [
        { before: a!, after: b! },
        { before: b!, after: c! },
        { before: c!, after: d! },
      ];
      const fold = (first: Images | 'vanishes', second: Images | 'vanishes'): Images | 'vanishes' =>
        first === 'vanishes' ? second : second === 'vanishes' ? first : foldImages(first, second);
      const left = fold(fold(x!, y!), z!);
      const right = fold(x!, fold(y!, z!));
      expect(left).toEqual(right);
      expect(left).toEqual(a === null && d === null ? 'vanishes' : { before: a, after: d });
    }),
  );
});

test('[CORE-FOLD-01] delete and insert are an update, insert and delete nothing', () => {
  const folded = foldImages({ before: { name: 'a' }, after: null }, { before: null, after: { name: 'b' } });
  expect(folded).toEqual({ before: { name: 'a' }, after: { name: 'b' } });
  expect(folded !== 'vanishes' && opOf(folded)).toBe('update');
  expect(foldImages({ before: null, after: { name: 'a' } }, { before: { name: 'a' }, after: null })).toBe(
    'vanishes',
  );
  expect(() => foldImages({ before: null, after: { name: 'a' } }, { before: null, after: {} })).toThrow();
});

const change = (op: Change['op'], more: Partial<Change> = {}): Change => ({
  table: 't',
  op,
  key: 'k',
  ...more,
});

test('[CORE-FOLD-02] an edit folded into an unsent one keeps the first base and takes the last values', () => {
  const first = change('update', {
    values: { name: 'b' },
    confirmed: { version: 4, values: { name: 'a' } },
    after: M1,
  });
  const second = change('update', {
    values: { name: 'c', size: '2' },
    confirmed: { version: 6, values: { name: 'z', size: '1' } },
    seen: { name: { value: 'b', mutationId: M2 } },
    after: M2,
  });
  expect(foldChanges(first, second)).toEqual(
    change('update', {
      values: { name: 'c', size: '2' },
      confirmed: { version: 4, values: { name: 'a', size: '1' } },
      after: M1,
    }),
  );
});

test('[CORE-FOLD-02] what the first edit saw of another pending one stands', () => {
  const first = change('update', {
    values: { name: 'c' },
    confirmed: { version: 4, values: { name: 'a' } },
    seen: { name: { value: 'b', mutationId: M1 } },
  });
  const second = change('delete', {
    confirmed: { version: 4, values: { name: 'a', size: '1' } },
    seen: { name: { value: 'c', mutationId: M2 }, size: { value: '9', mutationId: M1 } },
  });
  expect(foldChanges(first, second)).toEqual(
    change('delete', {
      confirmed: { version: 4, values: { name: 'a', size: '1' } },
      seen: { name: { value: 'b', mutationId: M1 }, size: { value: '9', mutationId: M1 } },
    }),
  );
});

test('[CORE-FOLD-02] the other pairs', () => {
  const insert = change('insert', { values: { name: 'a', size: '1' } });
  expect(foldChanges(insert, change('update', { values: { name: 'b' } }))).toEqual(
    change('insert', { values: { name: 'b', size: '1' } }),
  );
  expect(foldChanges(insert, change('delete'))).toBe('vanishes');
  const deleted = change('delete', { confirmed: { version: 3, values: { name: 'x', size: '7' } } });
  expect(foldChanges(deleted, insert)).toEqual(
    change('update', {
      values: { name: 'a', size: '1' },
      confirmed: { version: 3, values: { name: 'x', size: '7' } },
    }),
  );
  expect(() => foldChanges(insert, insert)).toThrow();
  expect(() => foldChanges(deleted, deleted)).toThrow();
  expect(() => foldChanges(insert, { ...deleted, key: 'other' })).toThrow();
});
