import type { Satchel } from '@satchel/client';
import { columnToSql, sqlToColumn } from '@satchel/core';
import type { Json } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import type { PlainRow } from '../history.ts';

/** A value as SQLite or PostgreSQL has it, as JSON: sets are sorted lists, moments UTC milliseconds. */
const plainValue = (type: string, value: unknown): Json => {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'set': {
      const members = (typeof value === 'string' ? JSON.parse(value) : value) as string[];
      return [...members].sort();
    }
    case 'modifiedAt':
    case 'timestamp':
      return typeof value === 'string' ? Date.parse(value) : (value as Json);
    default:
      return value as Json;
  }
};

/** A row by SQL names as one by camelCase names; columns that the app does not know are left out. */
export const plainRow = (app: App, table: string, row: Readonly<Record<string, unknown>>): PlainRow => {
  const plain: Record<string, Json> = {};
  for (const [name, column] of Object.entries(app.tables[table]?.columns ?? {}))
    plain[name] = plainValue(column.type, row[columnToSql(name)]);
  return plain;
};

/** All visible rows of a table on a device, by key. */
export const rowsOn = async (satchel: Satchel, app: App, table: string): Promise<PlainRow[]> => {
  const rows = await satchel.all(`select * from "${columnToSql(table)}" order by id`);
  return rows.map((row) => plainRow(app, table, row));
};

/** A value as a parameter for SQLite. */
export const sqliteValue = (value: Json): unknown => (Array.isArray(value) ? JSON.stringify(value) : value);

/** A row of a table that no app knows: names as PostgreSQL has them, in camelCase. */
export const rawRow = (row: Readonly<Record<string, unknown>>): PlainRow =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [sqlToColumn(name), value as Json]));
