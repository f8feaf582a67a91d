import { type Column, columnToSql, quoteIdentifier } from '@satchel/core';
import type { App, Table } from '@satchel/schema';
import type { Database } from '@satchel/server/postgres';

/** Rows by table, in canonical values; columns that are left out have their default. */
export type RowsByTable = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[] | undefined>>;

/**
 * Writes rows by plain SQL, parents first, as another program would: capture notices
 * them. Rows that are there already stay as they are, so it may be run again.
 *
 * @returns how many rows were new
 * @example
 * ```ts
 * await loadRows(db, app, { products: [{ id: 'p-1', storeId: '42', name: 'Rice' }] });
 * ```
 */
export const loadRows = async (db: Database, app: App, rows: RowsByTable): Promise<number> => {
  let count = 0;
  await db.transaction('write', async (tx) => {
    for (const name of app.tableOrder) {
      const table = app.tables[name];
      if (table === undefined) continue;
      for (const row of rows[name] ?? []) {
        const { sql, parameters } = insertOf(table, row);
        count += (await tx.query(sql, parameters)).rowCount;
      }
    }
  });
  return count;
};

const insertOf = (
  { name, columns, primaryKey, adopt }: Table,
  row: Readonly<Record<string, unknown>>,
): { sql: string; parameters: unknown[] } => {
  const given = Object.values(columns).filter(
    (column) => row[column.name] !== undefined || column.defaultValue !== undefined,
  );
  const target = [adopt?.schema ?? 'public', adopt?.table ?? columnToSql(name)]
    .map(quoteIdentifier)
    .join('.');
  const sqlName = (column: string): string => quoteIdentifier(adopt?.columns[column] ?? columnToSql(column));
  const names = given.map((column) => sqlName(column.name));
  return {
    sql: `insert into ${target} (${names.join(', ')}) values (${names.map((_, at) => `$${at + 1}`).join(', ')}) on conflict (${primaryKey.map(sqlName).join(', ')}) do nothing`,
    parameters: given.map((column) => parameterOf(column, row[column.name] ?? column.defaultValue)),
  };
};

const parameterOf = ({ type }: Column, value: unknown): unknown => {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'json':
    case 'media':
      return JSON.stringify(value);
    case 'timestamp':
      return new Date(Number(value)).toISOString();
    case 'set':
    case 'boolean':
      return value;
    default:
      return String(value);
  }
};
