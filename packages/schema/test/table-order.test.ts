import { expect, it } from 'vitest';
import { advice } from './advice.ts';
import { bizpulse } from './bizpulse.ts';
import { flights } from './flights.ts';

it('[APP-02] apps of several kinds can be written, one with keys of several columns', () => {
  const names = [bizpulse, advice, flights].map(({ name, tableOrder }) => [name, tableOrder.length]);
  expect(names).toEqual([
    ['bizpulse', 6],
    ['advice', 6],
    ['flights', 3],
  ]);
});

it('[APP-03] parents come before the tables that refer to them', () => {
  for (const app of [bizpulse, advice, flights]) {
    for (const table of Object.values(app.tables)) {
      for (const { references } of table.foreignKeys) {
        expect(app.tableOrder.indexOf(references)).toBeLessThan(app.tableOrder.indexOf(table.name));
      }
    }
  }
});
