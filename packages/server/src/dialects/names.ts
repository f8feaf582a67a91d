import { type Column, columnToSql, sqlToColumn } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import type { App, Table } from '@satchel/schema';

/** The documents' names of an app's tables and columns: snake_case, one row and many. */
export interface Names {
  /** By either name of a table, or the app's own. */
  table(name: string): Table | undefined;
  one(table: Table): string;
  many(table: Table): string;
}

const made = new WeakMap<App, Names>();

export const namesOf = (app: App): Names => {
  let names = made.get(app);
  if (names === undefined) {
    names = makeNames(app);
    made.set(app, names);
  }
  return names;
};

const makeNames = (app: App): Names => {
  const tables = new Map<string, Table>();
  for (const table of Object.values(app.tables)) tables.set(table.name, table);
  for (const [name, { one, many }] of Object.entries(app.http.names)) {
    const table = app.tables[name];
    if (table === undefined) continue;
    tables.set(many, table);
    tables.set(one, table);
  }
  const textOf = (table: Table) => app.http.names[table.name] ?? { one: table.name, many: table.name };
  return {
    table: (name) => tables.get(name),
    one: (table) => textOf(table).one,
    many: (table) => textOf(table).many,
  };
};

/** @throws `table_unknown` */
export const tableNamed = (app: App, name: string): Table => {
  const table = namesOf(app).table(name);
  if (table === undefined) throw new SatchelError('table_unknown', { table: name });
  return table;
};

/** A column by its name on the wire, `form_id` or `formId`. */
export const columnNamed = (table: Table, name: string): Column | undefined => {
  const camel = sqlToColumn(name);
  return Object.hasOwn(table.columns, camel) ? table.columns[camel] : undefined;
};

export const wireName = columnToSql;
