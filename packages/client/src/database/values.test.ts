import { canonicalize } from '@satchel/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { opened, rows, shop } from '../../test/engine-fixture.ts';
import { imageExpression, sqliteValue } from './columns.ts';
import { surelyCanonical } from './suspect.ts';

const insert = (column: string) => `insert into "values" (id, ${column}) values ('k', ?)`;

describe('values', () => {
  const refused: readonly (readonly [string, unknown, string])[] = [
    ['t', 'a\u0000b', 'text_invalid'],
    ['t', '\ud800', 'text_invalid'],
    ['t', 'x'.repeat(1_048_577), 'text_too_long'],
    ['t', new Uint8Array([1, 2]), 'value_type'],
    ['i', 2 ** 53, 'integer_out_of_range'],
    ['i', -(2 ** 53), 'integer_out_of_range'],
    ['i', 9_007_199_254_740_993n, 'integer_out_of_range'],
    ['i', 1.5, 'value_type'],
    ['i', 'seven', 'value_type'],
    ['b', '9223372036854775808', 'integer_out_of_range'],
    ['b', 'x', 'value_type'],
    ['r', Number.NaN, 'number_not_finite'],
    ['r', Number.POSITIVE_INFINITY, 'number_not_finite'],
    ['r', 'much', 'value_type'],
    ['d', '1,5', 'value_type'],
    ['yes', 2, 'value_type'],
    ['day', '2021-02-29', 'date_invalid'],
    ['day', '0000-01-01', 'date_invalid'],
    ['at', 1e18, 'timestamp_out_of_range'],
    ['j', 'not json', 'value_type'],
    ['s', '{"a":1}', 'value_type'],
    ['n', 5, 'value_read_only'],
  ];
  it.each(refused)('[DB-20] %s refuses %s with %s, and the row is not written', (column, value, code) => {
    const world = opened();
    expect(() => world.write(insert(column), value)).toThrow(expect.objectContaining({ code }));
    expect(world.row('select count(*) as n from "values"')).toEqual({ n: 0 });
    expect(world.engine.outbox()).toEqual([]);
  });

  const kept: readonly (readonly [string, unknown, unknown])[] = [
    ['t', 'e\u0301 is not \u00e9', 'e\u0301 is not \u00e9'],
    ['t', '\u{1f600}\u2028"\\\b\u007f', '\u{1f600}\u2028"\\\b\u007f'],
    ['i', 2 ** 53 - 1, 2 ** 53 - 1],
    ['b', 9_223_372_036_854_775_807n, '9223372036854775807'],
    ['b', '-007', '-7'],
    ['r', 0.1 + 0.2, 0.1 + 0.2],
    ['r', 5e-324, 5e-324],
    ['r', 7, 7],
    ['r', -0, 0],
    ['d', '01.50', '1.5'],
    ['d', '-0.00', '0'],
    ['yes', true, true],
    ['day', '9999-12-31', '9999-12-31'],
    ['at', -62_135_596_800_000, -62_135_596_800_000],
    ['j', { b: 1, a: ['\u0000'.length, null] }, { b: 1, a: [1, null] }],
    ['j', '"text"', 'text'],
    ['s', ['b', 'a', 'b'], ['a', 'b']],
  ];
  it.each(kept)('[DB-21] %s keeps %s as %s, on screen and on the wire', (column, value, canonical) => {
    const world = opened();
    world.write(insert(column), value);
    const [change] = world.changes()[0]!;
    expect(change!.values![column]).toEqual(canonical);
    expect(world.engine.rowState('values', 'k')).toMatchObject({ state: 'pending' });
    const shown = world.row(`select ${column} as cell from "values"`)!.cell;
    expect(shown).toEqual(sqliteValue(shop.tables.values!.columns[column]!)(canonical as never));
  });

  it('[DB-22] names table, column and key of what it refuses', () => {
    const world = opened();
    expect(() => world.write("insert into customers (id, store_id) values ('c', '1')")).toThrow(
      expect.objectContaining({
        code: 'value_required',
        params: expect.objectContaining({ table: 'customers', column: 'name', key: 'c' }),
      }),
    );
    expect(() => world.write("insert into customers (store_id, name) values ('1', 'No key')")).toThrow(
      expect.objectContaining({ code: 'value_required', params: expect.objectContaining({ column: 'id' }) }),
    );
  });

  it('[DB-20] a required value that is missing is refused, also where all others are surely good', () => {
    const world = opened();
    const refused = expect.objectContaining({
      code: 'value_required',
      params: expect.objectContaining({ table: 'sales', column: 'storeId', key: 's' }),
    });
    expect(() => world.write("insert into sales (id, amount) values ('s', 1.5)")).toThrow(refused);
    world.write("insert into sales (id, store_id, amount) values ('s', '1', 1.5)");
    world.send();
    expect(() => world.write("update sales set store_id = null, amount = 2.5 where id = 's'")).toThrow(
      refused,
    );
    expect(world.row('select store_id, amount from sales')).toEqual({ store_id: '1', amount: 1.5 });
  });

  it('[DB-23] modifiedAt is the time of the write, on screen, and not sent; a write of nothing does not move it', () => {
    const world = opened();
    world.page([rows('all', 'values', ['k', 1, { t: 'a', s: [], changedAt: 5 }])]);
    world.write('update "values" set t = \'a\'');
    expect(world.row('select changed_at from "values"')).toEqual({ changed_at: 5 });
    world.write('update "values" set t = \'b\'');
    expect(world.row('select changed_at from "values"')).toEqual({ changed_at: world.clock.millis });
    expect(world.changes()[0]![0]!.values).toEqual({ t: 'b' });
    world.page([rows('all', 'values', ['k', 2, { t: 'z', i: 4, s: [], changedAt: 6 }])]);
    expect(world.row('select t, i from "values"')).toEqual({ t: 'b', i: 4 });
  });

  it('[DB-24] what SQL calls surely canonical is what the core calls canonical, for any cell', () => {
    const world = opened();
    const cell = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('0', '1', '9', '.', '-', 'e', '+') }),
      fc.integer(),
      fc.double(),
      fc.constantFrom(
        null,
        '0',
        '-0',
        '0.0',
        '10',
        '-1.5',
        '1.50',
        '2024-02-30',
        '2024-02-29',
        2 ** 53,
        -(2 ** 53),
        1e300,
      ),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10)),
      fc.constant(new Uint8Array([49])),
    );
    const columns = Object.values(shop.tables.values!.columns).filter(({ name }) => name !== 'changedAt');
    fc.assert(
      fc.property(fc.constantFrom(...columns), cell, (column, value) => {
        if (typeof value === 'number' && !Number.isFinite(value)) return;
        const affinity =
          column.type === 'real'
            ? 'real'
            : typeof sqliteValue(column)(1) === 'number' &&
                column.type !== 'decimal' &&
                ['integer', 'timestamp', 'boolean', 'serverId'].includes(column.type)
              ? 'integer'
              : 'text';
        world.driver.exec(`drop table if exists cell; create table cell (c ${affinity})`);
        world.driver.prepare('insert into cell values (?)').run([value as string]);
        const row = world.driver
          .prepare(
            `select ${surelyCanonical(column, 'c', 1_048_576)} as sure, json_array(${imageExpression(column, 'c')}) as image from cell`,
          )
          .get()!;
        if (row.sure !== 1) return;
        const [image] = JSON.parse(row.image as string) as unknown[];
        expect(canonicalize(column, image)).toEqual({ ok: true, value: image });
      }),
      { numRuns: 1_500 },
    );
  });
});
