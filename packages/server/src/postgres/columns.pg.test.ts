import { type Column, canonicalize, isStorableText, type KeyType, keyOf } from '@satchel/core';
import type { Value, Values } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromCanonical, fromRecord, pgType, readExpression, recordType } from './columns.ts';
import { keyExpression, keyMatch } from './key-columns.ts';
import { quote } from './quote.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());

const column = (type: Column['type'], keyType?: KeyType): Column => ({
  name: 'value',
  type,
  nullable: true,
  ...(keyType ? { keyType } : {}),
});

/** Writes values in both ways, stores them in the column's type, reads them back through JSON. */
const roundTrip = async (one: Column, values: readonly Value[], type = pgType(one)): Promise<Value[][]> => {
  const { rows } = await test.db.query<{ recorded: Value[]; single: Value[] }>(
    `select
       (select json_agg(${readExpression(one, 's.stored')} order by s.n)::text from (
         select n, ${fromRecord(one, 'r.value')}::${type} as stored
         from rows from (json_to_recordset($1) as (value ${recordType(one)})) with ordinality r(value, n)
       ) s)::json as recorded,
       (select json_agg(${readExpression(one, 's.stored')} order by s.n)::text from (
         select n, ${fromCanonical(one, 'j.text')}::${type} as stored
         from unnest($2::text[]) with ordinality j(text, n)
       ) s)::json as single`,
    [JSON.stringify(values.map((value) => ({ value }))), values.map((value) => JSON.stringify(value))],
  );
  return [rows[0]!.recorded, rows[0]!.single];
};

const UUID = '018f3a2b-0000-7000-8000-00000000ffff';
const HARD: readonly (readonly [Column, readonly Value[]])[] = [
  [column('id', 'text'), ['a', 'é', 'e\u0301', '\u{1F600}', "o'clock", '\\', '"', ' x ']],
  [column('ref', 'uuid'), [UUID, null]],
  [column('ref', 'integer'), ['0', '-1', '2147483647', '-2147483648']],
  [column('ref', 'bigint'), ['9223372036854775807', '-9223372036854775808']],
  [
    column('text'),
    ['', ' ', '\u0001\u001f\u007f', 'שלום', 'NFC é NFD e\u0301', 'null', '{}', '\ufffd', null],
  ],
  [column('integer'), [0, -1, 2 ** 53 - 1, -(2 ** 53 - 1), null]],
  [column('counter'), [0, 2 ** 53 - 1]],
  [column('serverId'), [1, null]],
  [column('bigint'), ['9007199254740993', '-9223372036854775808', '0', null]],
  [
    column('real'),
    [0, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, -1e21, 1e-7, 123456789012345680, 2 ** 53 + 2, null],
  ],
  [
    column('decimal'),
    [
      '0',
      '12.5',
      '-0.000000000000000000001',
      '123456789012345678901234567890.123456789',
      `1${'0'.repeat(900)}`,
    ],
  ],
  [column('boolean'), [true, false, null]],
  [
    column('date'),
    ['0001-01-01', '0999-12-31', '1582-10-10', '1969-12-31', '2024-02-29', '9999-12-31', null],
  ],
  [
    column('timestamp'),
    [
      0,
      -1,
      1,
      999,
      -999,
      -62_135_596_800_000,
      253_402_300_799_999,
      1_700_000_000_123,
      -1_234_567_890_123,
      null,
    ],
  ],
  [column('modifiedAt'), [1_700_000_000_001]],
  [
    column('json'),
    [
      { b: 1, a: [1.5, 'x', null, true] },
      [],
      {},
      'text',
      '',
      0,
      1e21,
      -0.5,
      false,
      { 'a"b': { '': '\u{1F600}' } },
      null,
    ],
  ],
  [
    column('set'),
    [[], ['a'], ['', 'A', 'a', 'é', '\u{1F600}', '\ue000', '\uffff'], ['a"b', 'a,b', 'a\\b', 'null', '{}']],
  ],
  [column('media'), [{ id: 'm', sha256: 'a'.repeat(64), bytes: 1, type: 'image/jpeg' }, null]],
  [column('document'), ['AAA=', '', 'AB==', null]],
];

describe('columns', () => {
  it.each(HARD.map(([one, values]) => [`${one.type} ${one.keyType ?? ''}`, one, values] as const))(
    '[PG-30] %s comes back as it was written',
    async (_, one, values) => {
      for (const value of values) expect(canonicalize(one, value)).toEqual({ ok: true, value });
      const [recorded, single] = await roundTrip(one, values);
      expect(recorded).toEqual(values);
      expect(single).toEqual(values);
    },
  );

  const laws: readonly (readonly [Column, fc.Arbitrary<Value>])[] = [
    [column('real'), fc.double({ noDefaultInfinity: true, noNaN: true }).map((x) => (x === 0 ? 0 : x))],
    [column('integer'), fc.maxSafeInteger()],
    [column('timestamp'), fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 })],
    [column('bigint'), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)],
    [column('text'), fc.string({ unit: 'grapheme' }).filter(isStorableText)],
    [
      column('set'),
      fc
        .array(fc.string({ unit: 'binary' }).filter(isStorableText))
        .map((members) => [...new Set(members)].sort()),
    ],
  ];
  it.each(laws.map(([one, values]) => [one.type, one, values] as const))(
    '[PG-30] any %s comes back as it was written',
    async (_, one, values) => {
      await fc.assert(
        fc.asyncProperty(fc.array(values, { minLength: 50, maxLength: 100 }), async (list) => {
          for (const read of await roundTrip(one, list)) expect(read).toEqual(list);
        }),
        { numRuns: 20 },
      );
    },
  );

  it('[PG-31] a finer or unordered value of another program is read in canonical form', async () => {
    const read = async (one: Column, sql: string): Promise<Value> => {
      const { rows } = await test.db.query<{ value: Value }>(
        `select to_json(${readExpression(one, 's.x')}) as value from (select ${sql} as x) s`,
      );
      return rows[0]!.value;
    };
    expect(await read(column('timestamp'), `timestamptz '2024-01-02 03:04:05.678912+00'`)).toBe(
      1_704_164_645_679,
    );
    expect(await read(column('timestamp'), `timestamp '2024-01-02 03:04:05.678'`)).toBe(1_704_164_645_678);
    expect(await read(column('timestamp'), `timestamptz 'infinity'`)).toBeNull();
    expect(await read(column('date'), `date '-infinity'`)).toBeNull();
    expect(await read(column('decimal'), "numeric(10,4) '12.5000'")).toBe('12.5');
    expect(await read(column('decimal'), `numeric 'NaN'`)).toBeNull();
    expect(await read(column('decimal'), '7::integer')).toBe('7');
    expect(await read(column('real'), `float8 '-0'`)).toBe(0);
    expect(await read(column('real'), `float8 'NaN'`)).toBeNull();
    expect(await read(column('real'), `float8 '-Infinity'`)).toBeNull();
    expect(await read(column('real'), `numeric '1.10'`)).toBe(1.1);
    expect(await read(column('integer'), `numeric(10,2) '5.00'`)).toBe(5);
    expect(await read(column('set'), `array['b', null, 'a', 'b', 'A']`)).toEqual(['A', 'a', 'b']);
    expect(await read(column('set'), `array[U&'\\E000', U&'\\+01F600', 'z']`)).toEqual([
      'z',
      '\u{1F600}',
      '\ue000',
    ]);
    expect(await read(column('set'), `array[['b'], ['a']]`)).toEqual(['a', 'b']);
    expect(await read(column('text'), `'x '::char(5)`)).toBe('x');
    expect(await read(column('json'), `'{"b":1,"a":2}'::json`)).toEqual({ a: 2, b: 1 });
  });
});

describe('keys', () => {
  const part = (name: string, type: Column['type'], keyType?: KeyType): Column => ({
    ...column(type, keyType),
    name,
    nullable: false,
  });
  const tableOf = (...columns: Column[]): Table =>
    ({
      name: 'things',
      columns: Object.fromEntries(columns.map((one) => [one.name, one])),
      primaryKey: columns.map(({ name }) => name),
    }) as unknown as Table;
  const reference = (name: string): string => `t.${quote(name)}`;

  const cases: readonly (readonly [string, Table, readonly Values[]])[] = [
    ['text', tableOf(part('id', 'id', 'text')), [{ id: 'a' }, { id: 'ä"\\' }, { id: '[1]' }]],
    ['uuid', tableOf(part('id', 'id', 'uuid')), [{ id: UUID }]],
    ['integer', tableOf(part('id', 'id', 'integer')), [{ id: '-7' }, { id: '0' }]],
    ['bigint', tableOf(part('id', 'id', 'bigint')), [{ id: '9223372036854775807' }]],
    ['a number', tableOf(part('line', 'integer')), [{ line: 12 }]],
    [
      'several columns',
      tableOf(
        part('origin', 'text'),
        part('n', 'integer'),
        part('day', 'date'),
        part('big', 'bigint'),
        part('at', 'timestamp'),
        part('ok', 'boolean'),
        part('price', 'decimal'),
      ),
      [
        {
          origin: 'A"T\\L\n\u0001',
          n: -3,
          day: '0044-03-15',
          big: '9007199254740993',
          at: -1,
          ok: true,
          price: '0.5',
        },
        {
          origin: 'é\u2028\u{1F600}\u007f',
          n: 0,
          day: '2024-02-29',
          big: '-1',
          at: 5,
          ok: false,
          price: '-12',
        },
      ],
    ],
  ];
  it.each(cases)(
    '[PG-32] a key of %s has one text, the same as on the device, and is found by it',
    async (_, table, rows) => {
      const columns = Object.values(table.columns);
      const list = columns.map((one) => `${quote(one.name)} ${recordType(one)}`).join(', ');
      const stored = columns.map((one) => `${fromRecord(one, `r.${quote(one.name)}`)} as ${quote(one.name)}`);
      const found = await test.db.query<{ key: string; matched: string }>(
        `with t as (select place, ${stored.join(', ')}
         from rows from (json_to_recordset($1) as (${list})) with ordinality r(${columns.map((one) => quote(one.name)).join(', ')}, place))
       select ${keyExpression(table, reference)} as key, k.key as matched
       from t left join unnest($2::text[]) k(key) on ${keyMatch(table, reference, 'k.key')} order by t.place`,
        [JSON.stringify(rows), rows.map((row) => keyOf(table.primaryKey, row))],
      );
      const keys = rows.map((row) => keyOf(table.primaryKey, row));
      expect(found.rows).toEqual(keys.map((key) => ({ key, matched: key })));
    },
  );

  it.each([
    ['id text primary key', tableOf(part('id', 'id', 'text'))],
    ['id text collate "C" primary key', tableOf(part('id', 'id', 'text'))],
    ['id uuid primary key', tableOf(part('id', 'id', 'uuid'))],
    ['id bigint primary key', tableOf(part('id', 'id', 'bigint'))],
    ['origin text, n bigint, primary key (origin, n)', tableOf(part('origin', 'text'), part('n', 'integer'))],
  ])('[PG-33] many keys are looked up by the index of the primary key: %s', async (columns, table) => {
    const plan = await test.db.transaction('write', async (tx) => {
      await tx.query(`create temporary table t (${columns}) on commit drop`);
      const made = table.primaryKey.map((name) => {
        const { keyType } = table.columns[name]!;
        return name === 'n' || keyType === 'bigint'
          ? 'n'
          : keyType === 'uuid'
            ? 'gen_random_uuid()'
            : 'n::text';
      });
      await tx.query(`insert into t select ${made.join(', ')} from generate_series(1, 20000) n`);
      await tx.query('analyze t');
      const { rows } = await tx.query<{ 'QUERY PLAN': string }>(
        `explain select 1 from unnest($1::text[]) k(key) join t on ${keyMatch(table, reference, 'k.key')}`,
        [['a', 'b']],
      );
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
    expect(plan).toContain('using t_pkey');
    expect(plan).toMatch(/Index Cond: \(.*key/);
  });
});
