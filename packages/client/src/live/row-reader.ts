import { type Column, columnToSql, sqlToColumn } from '@satchel/core';
import type { App, Query, Table } from '@satchel/schema';
import type { SqlRow } from '../database/driver.ts';

/** A query of Kysely's that knows what its rows look like. */
export interface TypedQuery<Row> {
  compile(): Query;
  execute(): Promise<Row[]>;
}

/** The rows of a typed query; of plain SQL, rows as SQLite gives them. */
export type RowOf<Q> = Q extends TypedQuery<infer Row> ? Row : SqlRow;

/** Turns rows as SQLite gives them into what an app's types say. */
export type RowReader = (row: SqlRow) => Record<string, unknown>;

type Cell = (value: unknown) => unknown;

const cellReader = ({ type }: Column): Cell | undefined => {
  switch (type) {
    case 'boolean':
      return (value) => (value === 0 || value === 1 ? value === 1 : value);
    case 'json':
    case 'set':
    case 'media':
      return (value) => (typeof value === 'string' ? JSON.parse(value) : value);
    default:
      return undefined;
  }
};

/** Readers by SQL name of the columns of these tables. */
const cellReaders = (tables: Iterable<Table>): Map<string, Cell> => {
  const readers = new Map<string, Cell>();
  for (const table of tables)
    for (const column of Object.values(table.columns)) {
      const reader = cellReader(column);
      if (reader) readers.set(columnToSql(column.name), reader);
    }
  return readers;
};

const readWith =
  (readers: ReadonlyMap<string, Cell>): RowReader =>
  (row) => {
    const read: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(row)) {
      const reader = readers.get(name);
      read[sqlToColumn(name)] = reader ? reader(value) : value;
    }
    return read;
  };

/** A row of the whole table, under its camelCase names. */
export const tableRowReader = (table: Table): RowReader => readWith(cellReaders([table]));

interface Node {
  readonly kind: string;
}
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string';
/** What a path of names leads to, or undefined. */
const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (found, name) =>
      typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[name] : undefined,
    value,
  );

/**
 * How to read the rows of a live query. A compiled query of Kysely's carries the tree
 * that it was made from, in SQL names: its tables and aliases say which cells are
 * booleans, json, sets or media. Rows of plain SQL are left as they are.
 */
export const rowReader = (app: App, query: Query): RowReader => {
  const tree = at(query, 'query');
  if (!isNode(tree)) return (row) => row;
  const tables = new Set<Table>();
  const aliases: [alias: string, column: string][] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const one of node) visit(one);
    else if (typeof node === 'object' && node !== null) {
      if (isNode(node)) {
        const named = at(node, 'table', 'identifier', 'name');
        if (node.kind === 'TableNode' && typeof named === 'string') {
          const table = Object.values(app.tables).find(({ name }) => columnToSql(name) === named);
          if (table) tables.add(table);
        }
        const alias = at(node, 'alias', 'name');
        const column = at(node, 'node', 'column', 'column', 'name');
        if (node.kind === 'AliasNode' && typeof alias === 'string' && typeof column === 'string')
          aliases.push([alias, column]);
      }
      for (const part of Object.values(node)) visit(part);
    }
  };
  visit(tree);
  const readers = cellReaders(tables);
  for (const [alias, column] of aliases) {
    const reader = readers.get(column);
    if (reader) readers.set(alias, reader);
  }
  return readWith(readers);
};
