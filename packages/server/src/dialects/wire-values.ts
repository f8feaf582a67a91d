import { type Column, canonicalize, isServerGiven, sqlToColumn } from '@satchel/core';
import type { Json, Value, Values } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import { columnNamed, wireName } from './names.ts';
import { timeOf, timeText } from './wire-time.ts';

export type WireObject = Readonly<Record<string, Json>>;

/** What the documents' own clients keep beside a row; ignored where the app has no such column. */
const BOOKKEEPING: ReadonlySet<string> = new Set([
  'sync_status',
  'last_modified',
  'version',
  'is_deleted',
  'server_id',
  'server_version',
  'client_id',
  'updated_at',
  'synced',
]);

const isTime = ({ type }: Column): boolean => type === 'timestamp' || type === 'modifiedAt';

/** Values of a row as a dialect sends them, by column. What the server gives is left out; what is unknown stays, to be refused by name. */
export const valuesFromWire = (table: Table, fields: WireObject): Values => {
  const values: [string, Value][] = [];
  for (const [name, given] of Object.entries(fields)) {
    const column = columnNamed(table, name);
    if (column === undefined) {
      if (!BOOKKEEPING.has(name)) values.push([sqlToColumn(name), given]);
    } else if (!isServerGiven(column)) {
      values.push([column.name, isTime(column) ? (timeOf(given) ?? given) : given]);
    }
  }
  return Object.fromEntries(values);
};

/** The value in canonical form; as it came where it has none: the push will say what is wrong. */
export const canonicalOf = (column: Column, given: Value, maxTextBytes: number): Value => {
  const canonical = canonicalize(column, given, maxTextBytes);
  return canonical.ok ? canonical.value : given;
};

export const valueToWire = (column: Column, value: Value): Json =>
  isTime(column) && typeof value === 'number' ? timeText(value) : value;

/** Values of a row as dialects write them. Names that are no columns stay as they are. */
export const valuesToWire = (table: Table, values: Values | null): Record<string, Json> | null =>
  values === null
    ? null
    : Object.fromEntries(
        Object.entries(values).map(([name, value]) => {
          const column = Object.hasOwn(table.columns, name) ? table.columns[name] : undefined;
          return [wireName(name), column === undefined ? value : valueToWire(column, value)];
        }),
      );
