import type { Value } from '@satchel/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalize, checkValue, MAX_JSON_DEPTH } from './canonical.ts';
import { COLUMN_TYPES, type Column, type ColumnType } from './column.ts';
import { equalValues } from './equal-values.ts';
import { rowText } from './row-text.ts';

const column = (type: ColumnType, more: Partial<Column> = {}): Column => ({
  name: 'c',
  type,
  nullable: false,
  ...more,
});
const nested = (levels: number): unknown => (levels === 1 ? 1 : [nested(levels - 1)]);
const MEDIA = { id: 'm1', sha256: 'a'.repeat(64), bytes: 12, type: 'image/webp' };

describe('[CORE-VALUE-01] canonical forms', () => {
  test.each<[ColumnType, unknown, Value]>([
    ['text', 'a', 'a'],
    ['text', '', ''],
    ['text', 'e\u0301', 'e\u0301'],
    ['text', '\u00e9', '\u00e9'],
    ['text', '𝄞', '𝄞'],
    ['integer', -0, 0],
    ['integer', 2 ** 53 - 1, 2 ** 53 - 1],
    ['integer', -(2 ** 53 - 1), -(2 ** 53 - 1)],
    ['integer', 12n, 12],
    ['counter', 5, 5],
    ['serverId', 7, 7],
    ['bigint', '9007199254740993', '9007199254740993'],
    ['bigint', '+007', '7'],
    ['bigint', 12, '12'],
    ['bigint', 2n ** 60n, '1152921504606846976'],
    ['real', -0, 0],
    ['real', 0.1 + 0.2, 0.30000000000000004],
    ['real', 5e-324, 5e-324],
    ['decimal', '01.50', '1.5'],
    ['decimal', '-0.00', '0'],
    ['decimal', 1e21, '1000000000000000000000'],
    ['boolean', false, false],
    ['date', '0001-01-01', '0001-01-01'],
    ['date', '9999-12-31', '9999-12-31'],
    ['timestamp', -62_135_596_800_000, -62_135_596_800_000],
    ['timestamp', 253_402_300_799_999, 253_402_300_799_999],
    ['modifiedAt', -0, 0],
    ['json', { a: [-0, 'x', null] }, { a: [0, 'x', null] }],
    ['set', ['b', 'a', 'b', 'Z'], ['Z', 'a', 'b']],
    ['set', [], []],
    ['media', MEDIA, MEDIA],
    ['document', 'AAEC', 'AAEC'],
    ['document', '', ''],
    ['id', 'a1', 'a1'],
    ['ref', 'a1', 'a1'],
  ])('%s, case %#', (type, value, canonical) => {
    const result = canonicalize(column(type), value);
    expect(result).toEqual({ ok: true, value: canonical });
    // No -0 anywhere: toEqual tells it from 0.
    if (result.ok) expect(canonicalize(column(type), result.value)).toEqual(result);
  });

  test('a UUID key is lower case', () => {
    const uuid = '018BCFE5-6800-7000-8000-00000000000A';
    expect(canonicalize(column('id', { keyType: 'uuid' }), uuid)).toEqual({
      ok: true,
      value: uuid.toLowerCase(),
    });
  });
});

describe('[CORE-VALUE-02] hard values are refused with their code', () => {
  test.each<[ColumnType, unknown, string]>([
    ['text', 'a\0b', 'text_invalid'],
    ['text', '\ud800', 'text_invalid'],
    ['text', 'a\udc00b', 'text_invalid'],
    ['text', 5, 'value_type'],
    ['text', 'x'.repeat(1_048_577), 'text_too_long'],
    ['text', '€'.repeat(349_526), 'text_too_long'],
    ['integer', 2 ** 53, 'integer_out_of_range'],
    ['integer', -(2 ** 53), 'integer_out_of_range'],
    ['integer', 2n ** 60n, 'integer_out_of_range'],
    ['counter', 1e300, 'integer_out_of_range'],
    ['integer', 1.5, 'value_type'],
    ['integer', '5', 'value_type'],
    ['integer', Number.NaN, 'number_not_finite'],
    ['real', Number.POSITIVE_INFINITY, 'number_not_finite'],
    ['real', Number.NaN, 'number_not_finite'],
    ['real', '1', 'value_type'],
    ['bigint', '9223372036854775808', 'integer_out_of_range'],
    ['bigint', 2 ** 53, 'integer_out_of_range'],
    ['bigint', 'x', 'value_type'],
    ['bigint', 1.5, 'value_type'],
    ['decimal', 'NaN', 'number_not_finite'],
    ['decimal', '-Infinity', 'number_not_finite'],
    ['decimal', Number.NaN, 'number_not_finite'],
    ['decimal', '1e999999', 'value_type'],
    ['decimal', '1,5', 'value_type'],
    ['boolean', 1, 'value_type'],
    ['date', '2023-02-29', 'date_invalid'],
    ['date', '0000-12-31', 'date_invalid'],
    ['date', 20230101, 'value_type'],
    ['timestamp', 253_402_300_800_000, 'timestamp_out_of_range'],
    ['timestamp', -62_135_596_800_001, 'timestamp_out_of_range'],
    ['timestamp', 1.5, 'value_type'],
    ['timestamp', Number.NaN, 'number_not_finite'],
    ['json', { a: '\0' }, 'text_invalid'],
    ['json', { '\ud800': 1 }, 'text_invalid'],
    ['json', [Number.NaN], 'number_not_finite'],
    ['json', [undefined], 'value_type'],
    ['json', nested(MAX_JSON_DEPTH + 1), 'value_type'],
    ['json', nested(5_000), 'value_type'],
    ['json', ['x'.repeat(1_048_577)], 'text_too_long'],
    ['set', ['a', 1], 'value_type'],
    ['set', 'a', 'value_type'],
    ['set', ['a\0'], 'text_invalid'],
    ['media', { ...MEDIA, sha256: 'x' }, 'value_type'],
    ['media', { ...MEDIA, more: 1 }, 'value_type'],
    ['media', { ...MEDIA, bytes: -1 }, 'value_type'],
    ['media', [], 'value_type'],
    ['document', 'AAE', 'value_type'],
    ['document', 'A\u00e9==', 'value_type'],
    ['id', '', 'key_invalid'],
    ['id', 'x'.repeat(1_025), 'key_invalid'],
    ['ref', 5, 'value_type'],
    ['id', 'a\0', 'text_invalid'],
  ])('%s, case %#', (type, value, code) => {
    const problem = checkValue(column(type), value);
    expect(problem?.code).toBe(code);
    expect(problem?.params.column).toBe('c');
  });

  test('a key of a numeric type has one text', () => {
    const key = column('id', { keyType: 'integer' });
    expect(checkValue(key, '42')).toBeUndefined();
    for (const text of ['042', '+1', '-0', '2147483648', '1.0', 'x']) {
      expect(checkValue(key, text)?.code).toBe('key_invalid');
    }
    expect(checkValue(column('id', { keyType: 'bigint' }), '9223372036854775807')).toBeUndefined();
    expect(checkValue(column('id', { keyType: 'uuid' }), 'x')?.code).toBe('key_invalid');
  });

  test.each(COLUMN_TYPES)(
    'null in %s is refused unless the column may be null, or the server gives it',
    (type) => {
      const given = type === 'serverId' || type === 'modifiedAt';
      expect(checkValue(column(type), null)?.code).toBe(given ? undefined : 'value_required');
      expect(checkValue(column(type), undefined)?.code).toBe(given ? undefined : 'value_required');
      expect(canonicalize(column(type, { nullable: true }), null)).toEqual({ ok: true, value: null });
    },
  );

  test('the nearest limit holds: the column’s, else the app’s', () => {
    expect(checkValue(column('text', { maxBytes: 2 }), '€')).toEqual({
      code: 'text_too_long',
      params: { column: 'c', bytes: 3, limit: 2 },
    });
    expect(checkValue(column('text', { maxBytes: 3 }), '€', 1)).toBeUndefined();
    expect(checkValue(column('text'), '€', 2)?.code).toBe('text_too_long');
  });

  test('nothing at all makes it throw', () => {
    fc.assert(
      fc.property(fc.constantFrom(...COLUMN_TYPES), fc.anything(), (type, value) => {
        const result = canonicalize(column(type), value);
        if (result.ok) expect(canonicalize(column(type), result.value)).toEqual(result);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('comparison', () => {
  const values: Record<ColumnType, readonly Value[]> = {
    id: ['a', 'b'],
    ref: ['a', 'b'],
    text: ['e\u0301', '\u00e9', ''],
    integer: [0, 1, -1],
    bigint: ['1', '9007199254740993', '9007199254740992'],
    real: [0, 0.1, 0.30000000000000004, 0.3],
    decimal: ['1.5', '15', '0'],
    boolean: [true, false],
    date: ['2024-01-01', '2024-01-02'],
    timestamp: [0, 1],
    json: [{ a: 1, b: 2 }, { a: 1 }, [], {}, '1', 1],
    serverId: [1, 2],
    modifiedAt: [1, 2],
    counter: [1, 2],
    set: [['a'], ['a', 'b'], []],
    media: [MEDIA, { ...MEDIA, id: 'm2' }],
    document: ['AAEC', 'AAED'],
  };

  test.each(COLUMN_TYPES)('[CORE-VALUE-04] values of %s are equal only to themselves', (type) => {
    const all = [...values[type], null];
    for (const [i, a] of all.entries()) {
      for (const [j, b] of all.entries()) expect(equalValues(type, a, b)).toBe(i === j);
    }
  });

  test('[CORE-VALUE-04] by canonical form, not by spelling', () => {
    expect(equalValues('set', ['b', 'a'], ['a', 'b', 'a'])).toBe(true);
    expect(equalValues('json', { a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
    expect(equalValues('decimal', '1.50', '1.5')).toBe(true);
    expect(equalValues('bigint', '07', '7')).toBe(true);
    expect(equalValues('real', -0, 0)).toBe(true);
    expect(equalValues('text', '1.50', '1.5')).toBe(false);
    expect(equalValues('text', undefined, null)).toBe(true);
  });
});

test('[CORE-VALUE-08] the digest line of a row has its columns by name, absent ones as null', () => {
  const columns = { b: column('text'), a: column('set'), n: column('json') };
  expect(rowText(columns, { b: 'x', a: ['2', '1'], n: { z: 1, y: -0 }, hidden: 1 })).toBe(
    '{"a":["1","2"],"b":"x","n":{"y":0,"z":1}}',
  );
  expect(rowText(columns, {})).toBe('{"a":null,"b":null,"n":null}');
});
