import type { Change, Seen, Value } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import { type RowAddress, rowAddress } from './row-address.ts';

/**
 * A change under the keys that the server gave instead (rule 64): its own key, and
 * every reference to a row that got another. `newKey` gives the new key of an address,
 * if it has one.
 */
export const underNewKeys = (
  table: Table,
  change: Change,
  newKey: (address: RowAddress) => string | undefined,
): Change => {
  const key = newKey(rowAddress(change.table, change.key)) ?? change.key;
  const [keyColumn] = table.primaryKey;
  const renamed: Record<string, (value: Value) => Value> = {};
  for (const { columns, references } of table.foreignKeys) {
    const [column] = columns;
    // A key that can be given up is of one column.
    if (column === undefined || columns.length > 1) continue;
    renamed[column] = (value) =>
      typeof value === 'string' ? (newKey(rowAddress(references, value)) ?? value) : value;
  }
  const values = change.values && mapValues(change.values, (name, value) => renamed[name]?.(value) ?? value);
  const seen =
    change.seen &&
    mapValues(change.seen, (name, one: Seen): Seen => {
      const value = renamed[name]?.(one.value);
      return value === undefined ? one : { ...one, value };
    });
  const own =
    values && keyColumn !== undefined && key !== change.key && Object.hasOwn(values, keyColumn)
      ? { ...values, [keyColumn]: key }
      : values;
  return { ...change, key, ...(own ? { values: own } : {}), ...(seen ? { seen } : {}) };
};

const mapValues = <T>(
  of: Readonly<Record<string, T>>,
  map: (name: string, value: T) => T,
): Record<string, T> => {
  const mapped: Record<string, T> = {};
  for (const [name, value] of Object.entries(of)) mapped[name] = map(name, value);
  return mapped;
};
