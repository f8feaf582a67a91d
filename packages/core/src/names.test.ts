import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnToSql, isName, quoteIdentifier, sqlToColumn } from './names.ts';

test.each([
  ['storeId', 'store_id'],
  ['name', 'name'],
  ['address2', 'address2'],
  ['storeID', 'store_i_d'],
])('[CORE-NAME-01] %s is %s in SQL and back', (column, sql) => {
  expect(columnToSql(column)).toBe(sql);
  expect(sqlToColumn(sql)).toBe(column);
});

test('[CORE-NAME-01] every name goes to SQL and back, and no two meet', () => {
  const name = fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,20}$/);
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(sqlToColumn(columnToSql(a))).toBe(a);
      expect(columnToSql(a) === columnToSql(b)).toBe(a === b);
    }),
  );
});

test.each(['', 'Store', 'store_id', '2nd', 'a-b', 'é'])('[CORE-NAME-01] %j is not a name', (name) => {
  expect(isName(name)).toBe(false);
});

test('[CORE-NAME-02] an identifier is quoted, its quotes doubled', () => {
  expect(quoteIdentifier('order')).toBe('"order"');
  expect(quoteIdentifier('a"; drop table x; --')).toBe('"a""; drop table x; --"');
  expect(() => quoteIdentifier('a\0b')).toThrow();
  expect(() => quoteIdentifier('')).toThrow();
});
