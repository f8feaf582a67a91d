import { type Column, columnToSql, quoteIdentifier, sqlToColumn } from '@satchel/core';
import { type Json, SatchelError } from '@satchel/protocol';
import { type App, isServerGiven, type Query, ROW_DOCUMENT_COLUMNS, type Table } from '@satchel/schema';

/** A row, or some columns of one, in the documents' names or the app's. */
export type DocumentRow = Readonly<Record<string, Json | undefined>>;

/**
 * The table of this name: the app's own, its SQL name, or the documents' name of one
 * row or of many.
 *
 * @throws `table_unknown`
 */
export const tableNamed = (app: App, name: string): Table => {
  const camel = sqlToColumn(name);
  const table =
    Object.values(app.tables).find((one) => one.name === name || one.name === camel) ??
    Object.values(app.tables).find((one) => {
      const names = app.http.names[one.name];
      return names?.one === name || names?.many === name;
    });
  if (table === undefined) throw new SatchelError('table_unknown', { table: name });
  return table;
};

const NOT_STORED: readonly string[] = [...ROW_DOCUMENT_COLUMNS, 'server_id'];

/** Columns that a person may write, with what SQLite stores of their values. */
const cellsOf = (table: Table, row: DocumentRow): readonly (readonly [Column, unknown])[] =>
  Object.entries(row).flatMap(([name, value]): (readonly [Column, unknown])[] => {
    const column = table.columns[sqlToColumn(name)];
    if (column === undefined || isServerGiven(column)) {
      if (column !== undefined || NOT_STORED.includes(columnToSql(name))) return [];
      throw new SatchelError('column_unknown', { table: table.name, column: name });
    }
    return value === undefined ? [] : [[column, storedValue(column, value)]];
  });

const storedValue = ({ type }: Column, value: Json): unknown => {
  if (value === null) return null;
  switch (type) {
    case 'json':
    case 'set':
    case 'media':
      return JSON.stringify(value);
    case 'boolean':
      return typeof value === 'boolean' ? Number(value) : value;
    case 'timestamp':
      return typeof value === 'string' ? Date.parse(value) : value;
    case 'decimal':
    case 'bigint':
    case 'text':
    case 'id':
    case 'ref':
      return typeof value === 'number' ? String(value) : value;
    default:
      return value;
  }
};

const sqlName = (name: string): string => quoteIdentifier(columnToSql(name));

/** Inserts a row, or makes the row of its key what is given. */
export const upsertQuery = (table: Table, row: DocumentRow): Query => {
  const cells = cellsOf(table, row);
  const names = cells.map(([{ name }]) => sqlName(name));
  const updates = cells
    .filter(([{ name }]) => !table.primaryKey.includes(name))
    .map(([{ name }]) => `${sqlName(name)} = excluded.${sqlName(name)}`);
  const action = updates.length === 0 ? 'nothing' : `update set ${updates.join(', ')}`;
  return {
    sql: `insert into ${sqlName(table.name)} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})
      on conflict (${table.primaryKey.map(sqlName).join(', ')}) do ${action}`,
    parameters: cells.map(([, value]) => value),
  };
};

/** Nothing, where no column is left to change. */
export const updateQuery = (table: Table, key: string, row: DocumentRow): Query | undefined => {
  const cells = cellsOf(table, row).filter(([{ name }]) => !table.primaryKey.includes(name));
  if (cells.length === 0) return undefined;
  const sets = cells.map(([{ name }]) => `${sqlName(name)} = ?`);
  return {
    sql: `update ${sqlName(table.name)} set ${sets.join(', ')} where ${keyCondition(table)}`,
    parameters: [...cells.map(([, value]) => value), ...keyParts(table, key)],
  };
};

export const deleteQuery = (table: Table, key: string): Query => ({
  sql: `delete from ${sqlName(table.name)} where ${keyCondition(table)}`,
  parameters: keyParts(table, key),
});

export const keyCondition = ({ primaryKey }: Table): string =>
  primaryKey.map((name) => `${sqlName(name)} = ?`).join(' and ');

/** The columns of a key: its text, or for several a JSON array. */
export const keyParts = ({ primaryKey }: Table, key: string): readonly unknown[] =>
  primaryKey.length === 1 ? [key] : (JSON.parse(key) as readonly unknown[]);

/** With the key that the documents keep apart from the data. */
export const withKey = (table: Table, key: string, row: DocumentRow): DocumentRow => {
  const parts = keyParts(table, key);
  return {
    ...row,
    ...Object.fromEntries(table.primaryKey.map((name, at) => [columnToSql(name), parts[at] as Json])),
  };
};
