import { expect, it } from 'vitest';
import { bizpulse } from './bizpulse.ts';
import { civicReports, farmAdvisory, meterReadings, storeForms } from './field-apps.ts';
import { flights } from './flights.ts';

it('[APP-02] the five apps of the field, and one with keys of several columns, can be written', () => {
  const names = [bizpulse, farmAdvisory, storeForms, civicReports, meterReadings, flights].map(
    ({ name, tableOrder }) => [name, tableOrder.length],
  );
  expect(names).toEqual([
    ['bizpulse', 6],
    ['farm-advisory', 6],
    ['store-forms', 5],
    ['civic-reports', 2],
    ['meter-readings', 3],
    ['flights', 3],
  ]);
});

it('[APP-03] parents come before the tables that refer to them', () => {
  for (const app of [bizpulse, farmAdvisory, storeForms, civicReports, meterReadings, flights]) {
    for (const table of Object.values(app.tables)) {
      for (const { references } of table.foreignKeys) {
        expect(app.tableOrder.indexOf(references)).toBeLessThan(app.tableOrder.indexOf(table.name));
      }
    }
  }
});
