import { SatchelError } from '@satchel/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Columns } from './column.ts';
import { checkKey } from './key-form.ts';
import { checkTableKey, keyOf, keyParts, keyValues } from './keys.ts';

const columns: Columns = {
  id: { name: 'id', type: 'id', nullable: false },
  origin: { name: 'origin', type: 'ref', nullable: false, references: 'airports' },
  line: { name: 'line', type: 'integer', nullable: false },
  day: { name: 'day', type: 'date', nullable: false },
};

test('[CORE-KEY-01] one column is its text, several are a JSON array without spaces', () => {
  expect(keyOf(['id'], { id: 'a"b' })).toBe('a"b');
  expect(keyOf(['line'], { line: 7 })).toBe('7');
  expect(keyOf(['origin', 'line'], { origin: 'A,"B', line: 7 })).toBe('["A,\\"B",7]');
  expect(() => keyOf(['id'], { id: null })).toThrow();
  expect(() => keyOf([], {})).toThrow();
});

test('[CORE-KEY-02] a key says the values of its columns, and those say the key', () => {
  const primaryKeys = [['id'], ['line'], ['day'], ['origin', 'line'], ['origin', 'day', 'id']];
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
  const row = fc.record({
    id: text,
    origin: text,
    line: fc.maxSafeInteger(),
    day: fc.constantFrom('2024-02-29', '0001-01-01'),
  });
  fc.assert(
    fc.property(fc.constantFrom(...primaryKeys), row, (primaryKey, values) => {
      const key = keyOf(primaryKey, values);
      const read = keyValues(columns, primaryKey, key);
      expect(read).toEqual({
        ok: true,
        values: Object.fromEntries(primaryKey.map((name) => [name, values[name as 'id']])),
      });
      expect(keyParts(key, primaryKey.length)).toEqual(
        primaryKey.map((name) => String(values[name as 'id'])),
      );
    }),
  );
});

test.each([
  [['id'], ''],
  [['id'], 'x'.repeat(1_025)],
  [['line'], '07'],
  [['line'], '1e3'],
  [['line'], 'x'],
  [['day'], '2023-02-29'],
  [['origin', 'line'], 'x'],
  [['origin', 'line'], '["a"]'],
  [['origin', 'line'], '["a", 7]'],
  [['origin', 'line'], '["a","7"]'],
  [['origin', 'line'], '["a",7,8]'],
  [['origin', 'line'], '["a",null]'],
  [['origin', 'line'], '{"0":"a","1":7}'],
])('[CORE-KEY-03] %j does not take the key %j', (primaryKey, key) => {
  expect(checkTableKey(columns, primaryKey, key)?.code).toBe('key_invalid');
});

test('[CORE-KEY-03] keys of the types of PostgreSQL', () => {
  expect(checkKey('text', 'any thing')).toBeUndefined();
  expect(checkKey('uuid', '018bcfe5-6800-7000-8000-00000000000a')).toBeUndefined();
  expect(checkKey('uuid', '018BCFE5-6800-7000-8000-00000000000A')).toBeDefined();
  expect(checkKey('integer', '-2147483648')).toBeUndefined();
  expect(checkKey('integer', '-2147483649')).toBeDefined();
  expect(checkKey('bigint', '-9223372036854775809')).toBeDefined();
});

test('[CORE-KEY-03] the parts of what is no key are an error with its code', () => {
  for (const text of ['nonsense', '["a"]', '["a","b","c"]', '"a"']) {
    expect(() => keyParts(text, 2)).toThrow(SatchelError);
  }
});
