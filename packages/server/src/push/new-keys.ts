import type { Change, Value } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import { type RowAddress, rowAddress } from './row-address.ts';

/**
 * A change under the keys that the server gave instead (rule 64): its own key, and
 * every reference to a row that got another. `newKey` gives the new key of an address,
 * if it has one. A change of which nothing is renamed comes back itself.
 */
export const underNewKeys = (
  table: Table,
  change: Change,
  newKey: (address: RowAddress) => string | undefined,
): Change => {
  const key = newKey(rowAddress(change.table, change.key)) ?? change.key;
  let isRenamed = key !== change.key;
  const follow = (references: string, value: Value): Value => {
    const followed = typeof value === 'string' ? (newKey(rowAddress(references, value)) ?? value) : value;
    isRenamed ||= followed !== value;
    return followed;
  };
  const values = change.values && { ...change.values };
  const seen = change.seen && { ...change.seen };
  for (const { columns, references } of table.foreignKeys) {
    const [column] = columns;
    // A key that can be given up is of one column.
    if (column === undefined || columns.length > 1) continue;
    const value = values?.[column];
    if (values && value !== undefined) values[column] = follow(references, value);
    const saw = seen?.[column];
    if (seen && saw !== undefined) seen[column] = { ...saw, value: follow(references, saw.value) };
  }
  if (!isRenamed) return change;
  const [keyColumn] = table.primaryKey;
  if (values && keyColumn !== undefined && key !== change.key && Object.hasOwn(values, keyColumn)) {
    values[keyColumn] = key;
  }
  return { ...change, key, ...(values ? { values } : {}), ...(seen ? { seen } : {}) };
};
