import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bizpulse } from '../test/bizpulse.ts';
import { lowerColumns, lowerPage, lowerRow, lowerValues } from './index.ts';

describe('lower', () => {
  it('[LIFT-14] what cannot be told from some columns is left out', () => {
    expect(lowerValues(bizpulse, 1, 'customers', { lastName: 'Lee', phone: '1' })).toEqual({
      table: 'clients',
      values: { phone: '1' },
    });
    expect(lowerValues(bizpulse, 2, 'products', { name: 'Rice' })?.values).toEqual({ name: 'Rice' });
    expect(lowerRow(bizpulse, 2, 'products', { name: 'Rice' })?.values).toEqual({
      name: 'Rice',
      colour: null,
    });
  });

  it('[LIFT-14] names of columns go back too', () => {
    expect(lowerColumns(bizpulse, 1, 'customers', ['phone', 'lastName'])).toEqual(['phone', 'name']);
    expect(lowerColumns(bizpulse, 1, 'products', ['name'])).toEqual(['title']);
    expect(lowerColumns(bizpulse, 3, 'products', ['name'])).toEqual(['name']);
  });

  it('[LIFT-15] a page lowers as its rows do', () => {
    const rows = fc.array(
      fc.record({
        id: fc.uuid(),
        firstName: fc.string(),
        lastName: fc.string(),
        phone: fc.option(fc.string()),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(rows, fc.constantFrom(1, 2, 3), (given, version) => {
        const names = ['id', 'firstName', 'lastName', 'phone'] as const;
        const columns = Object.fromEntries(names.map((name) => [name, given.map((row) => row[name])]));
        const page = lowerPage(bizpulse, version, 'customers', columns, given.length)!;
        given.forEach((row, at) => {
          const lowered = lowerRow(bizpulse, version, 'customers', row)!;
          expect(page.table).toBe(lowered.table);
          expect(
            Object.fromEntries(Object.entries(page.columns).map(([name, list]) => [name, list[at]])),
          ).toEqual(lowered.values);
        });
      }),
    );
  });
});
