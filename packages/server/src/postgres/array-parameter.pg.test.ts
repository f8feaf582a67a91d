import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { arrayParameter } from './array-parameter.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());

const back = async <T>(type: string, values: readonly (string | number | boolean | null)[]): Promise<T[]> => {
  const { rows } = await test.db.query<{ v: T }>(
    `select v from unnest($1::${type}[]) with ordinality as u(v, place) order by place`,
    [arrayParameter(values)],
  );
  return rows.map(({ v }) => v);
};

it('[PG-34] a column that travels as an array comes back as it was, whatever its text holds', async () => {
  const hard = [
    '',
    'null',
    'NULL',
    '{}',
    '{"a"}',
    '"',
    '\\',
    '\\"',
    'a,b',
    ' a ',
    'a\nb',
    '\t',
    'ё\u2028😀',
    null,
  ];
  expect(await back('text', hard)).toEqual(hard);
  const text = fc.string({ unit: 'grapheme' }).filter((one) => !one.includes('\0'));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(text)), async (values) => {
      expect(await back('text', values)).toEqual(values);
    }),
    { numRuns: 50 },
  );
});

it('[PG-34] numbers, truth and JSON, too', async () => {
  expect(await back('bigint', [0, -1, Number.MAX_SAFE_INTEGER, null])).toEqual([
    0,
    -1,
    Number.MAX_SAFE_INTEGER,
    null,
  ]);
  expect(await back('double precision', [0.1, 1e21, -5e-324, null])).toEqual([0.1, 1e21, -5e-324, null]);
  expect(await back('boolean', [true, false, null])).toEqual([true, false, null]);
  const documents = [{ a: ['"', '\\', null] }, 'null', '', 7, false, []];
  expect(
    await back(
      'jsonb',
      documents.map((one) => JSON.stringify(one)),
    ),
  ).toEqual(documents);
});
