import { keyParts } from '@satchel/core';
import type { Json, Value, Values } from '@satchel/protocol';
import { DELETED_MARK, type Table } from '@satchel/schema';
import type { GatheredRow } from './gather.ts';
import { wireName } from './names.ts';
import { valueToWire } from './wire-values.ts';

/** The columns of a row's key, by name. */
export const keyColumnsOf = ({ primaryKey }: Table, key: string): Values => {
  const [single, ...more] = primaryKey;
  if (single !== undefined && more.length === 0) return { [single]: key };
  const parts = keyParts(key, primaryKey.length);
  return Object.fromEntries(primaryKey.map((name, at): [string, Value] => [name, parts[at] ?? null]));
};

interface WireColumn {
  readonly name: string;
  readonly wire: string;
  readonly convert: (value: Value) => Json;
}

const same = (value: Value): Json => value;
const made = new WeakMap<Table, readonly WireColumn[]>();

const wireColumns = (table: Table): readonly WireColumn[] => {
  let columns = made.get(table);
  if (columns === undefined) {
    columns = Object.values(table.columns).map((column) => ({
      name: column.name,
      wire: wireName(column.name),
      convert:
        column.type === 'timestamp' || column.type === 'modifiedAt'
          ? (value) => valueToWire(column, value)
          : same,
    }));
    made.set(table, columns);
  }
  return columns;
};

const besideKey = new WeakMap<Table, readonly WireColumn[]>();

const columnsBesideKey = (table: Table): readonly WireColumn[] => {
  let columns = besideKey.get(table);
  if (columns === undefined) {
    const [single, ...more] = table.primaryKey;
    columns = wireColumns(table).filter(({ name }) => name !== single || more.length > 0);
    besideKey.set(table, columns);
  }
  return columns;
};

const written = (values: Values, columns: readonly WireColumn[]): Record<string, Json> => {
  const row: Record<string, Json> = {};
  for (const { name, wire, convert } of columns) {
    const value = values[name];
    if (value !== undefined) row[wire] = convert(value);
  }
  return row;
};

/** Values of a row as dialects write them where its key stands beside it; a key of several columns is among them. */
export const valuesBesideKey = (table: Table, values: Values): Record<string, Json> =>
  written(values, columnsBesideKey(table));

/** A row as dialects write it: its key, then what is to be seen of it; of one that is gone its key and the mark. */
export const rowToWire = ({ table, key, values }: GatheredRow): Record<string, Json> => {
  if (values !== null) return written(values, wireColumns(table));
  const row: Record<string, Json> = {};
  for (const [name, part] of Object.entries(keyColumnsOf(table, key))) row[wireName(name)] = part;
  row[DELETED_MARK] = true;
  return row;
};
