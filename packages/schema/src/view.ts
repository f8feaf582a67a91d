import type { Column, Columns } from '@satchel/core';
import { SatchelError, unreachable } from '@satchel/protocol';
import type { App, HistoryStep, SchemaChange } from './app.ts';
import { mistake } from './mistake.ts';
import { checkColumn } from './names.ts';
import { suggestName } from './near-name.ts';

/** A table as clients of some version know it. */
export interface TableView {
  /** Its name in that version. */
  readonly name: string;
  /** Its name in the app as it is now. */
  readonly current: string;
  readonly columns: Columns;
  readonly primaryKey: readonly string[];
}

/** The tables of an app as clients of `version` know them. */
export interface AppView {
  readonly version: number;
  readonly tables: Readonly<Record<string, TableView>>;
}

type Tables = AppView['tables'];

const tableNow = (where: string, tables: Tables, name: string): TableView => {
  const table = Object.hasOwn(tables, name) ? tables[name] : undefined;
  if (table !== undefined) return table;
  throw mistake(
    where,
    `there is no table "${name}" at this point of the history`,
    suggestName(name, Object.keys(tables)),
  );
};

const refuseColumn = (where: string, table: TableView, name: string): void => {
  if (Object.hasOwn(table.columns, name)) {
    throw mistake(
      where,
      `${table.name} still has the column ${name} at this point of the history`,
      'Name columns as they were before and after each change, in the order of the changes.',
    );
  }
};

const refuseKey = (where: string, table: TableView, name: string): void => {
  if (table.primaryKey.includes(name)) {
    throw mistake(where, `${name} is part of the key of ${table.name}`, 'A key can only be renamed.');
  }
};

/** Columns by name with some taken out and others put where the first of them stood. */
const replaceColumns = (columns: Columns, out: readonly string[], put: Columns): Columns => {
  const entries = Object.entries(columns);
  const at = entries.findIndex(([name]) => out.includes(name));
  const kept = (part: typeof entries): typeof entries => part.filter(([name]) => !out.includes(name));
  const place = at === -1 ? entries.length : at;
  return Object.fromEntries([
    ...kept(entries.slice(0, place)),
    ...Object.entries(put),
    ...kept(entries.slice(place)),
  ]);
};

const withTable = (tables: Tables, table: TableView, columns: Columns): Tables => ({
  ...tables,
  [table.name]: { ...table, columns },
});

/** The tables before a change, from the tables after it. Throws `app_invalid` when the change does not fit them. */
export const undoChange = (where: string, tables: Tables, change: SchemaChange): Tables => {
  switch (change.kind) {
    case 'add-table': {
      tableNow(where, tables, change.table);
      return Object.fromEntries(Object.entries(tables).filter(([name]) => name !== change.table));
    }
    case 'drop-table': {
      if (Object.hasOwn(tables, change.table)) {
        throw mistake(
          where,
          `the table ${change.table} is still there`,
          'Remove it from tables, or this change.',
        );
      }
      return tables;
    }
    case 'rename-table': {
      tableNow(where, tables, change.to);
      if (Object.hasOwn(tables, change.from)) {
        throw mistake(
          where,
          `there is still a table ${change.from}`,
          'A table is renamed to a name that is free.',
        );
      }
      const backTo = (column: Column): Column =>
        column.references === change.to ? { ...column, references: change.from } : column;
      return Object.fromEntries(
        Object.entries(tables).map(([name, table]) => {
          const columns = Object.fromEntries(
            Object.entries(table.columns).map(([column, definition]) => [column, backTo(definition)]),
          );
          const before = name === change.to ? change.from : name;
          return [before, { ...table, name: before, columns }];
        }),
      );
    }
    case 'rename': {
      const table = tableNow(where, tables, change.table);
      checkColumn(where, table.name, change.to, table.columns);
      refuseColumn(where, table, change.from);
      const { [change.to]: column } = table.columns;
      const columns = replaceColumns(table.columns, [change.to], {
        [change.from]: { ...column!, name: change.from },
      });
      const primaryKey = table.primaryKey.map((name) => (name === change.to ? change.from : name));
      return { ...tables, [table.name]: { ...table, columns, primaryKey } };
    }
    case 'add': {
      const table = tableNow(where, tables, change.table);
      checkColumn(where, table.name, change.column, table.columns);
      refuseKey(where, table, change.column);
      return withTable(tables, table, replaceColumns(table.columns, [change.column], {}));
    }
    case 'drop': {
      const table = tableNow(where, tables, change.table);
      refuseColumn(where, table, change.column);
      return withTable(tables, table, { ...table.columns, [change.column]: change.was });
    }
    case 'split': {
      const table = tableNow(where, tables, change.table);
      for (const name of change.to) {
        checkColumn(where, table.name, name, table.columns);
        refuseKey(where, table, name);
      }
      for (const name of change.from) refuseColumn(where, table, name);
      return withTable(tables, table, replaceColumns(table.columns, change.to, change.was));
    }
    default:
      return unreachable(change);
  }
};

/** The tables before a step of the history. */
export const undoStep = (where: string, tables: Tables, step: HistoryStep): Tables =>
  step.changes.reduceRight(
    (after, change, at) => undoChange(`${where}.changes[${at}]`, after, change),
    tables,
  );

/** The tables of the app as they are now. */
export const currentTables = (tables: App['tables']): Tables =>
  Object.fromEntries(
    Object.values(tables).map(({ name, columns, primaryKey }) => [
      name,
      { name, current: name, columns, primaryKey },
    ]),
  );

/** The oldest version from which queued work can be lifted. */
export const oldestVersion = (app: App): number => (app.history[0]?.to ?? app.schemaVersion + 1) - 1;

/** Throws `schema_ahead` or `schema_unknown` for a version that this app cannot speak with. */
export const checkVersion = (app: App, version: number): void => {
  if (version > app.schemaVersion) {
    throw new SatchelError('schema_ahead', { schemaVersion: version, serverVersion: app.schemaVersion });
  }
  if (version < oldestVersion(app)) throw new SatchelError('schema_unknown', { schemaVersion: version });
};

const views = new WeakMap<App, Map<number, AppView>>();

/**
 * The tables and columns as clients of an older version know them. A table that was
 * dropped since is not in it: the server has no rows of it.
 *
 * Throws `schema_ahead` for a version above the app's and `schema_unknown` for one
 * that its history does not reach.
 *
 * @example
 * ```ts
 * viewOf(app, 1).tables.clients.current; // 'customers'
 * ```
 */
export const viewOf = (app: App, version: number): AppView => {
  checkVersion(app, version);
  const known = views.get(app) ?? new Map<number, AppView>();
  views.set(app, known);
  const cached = known.get(version);
  if (cached !== undefined) return cached;
  const tables = app.history
    .filter((step) => step.to > version)
    .reduceRight((after, step) => undoStep('history', after, step), currentTables(app.tables));
  const view = { version, tables };
  known.set(version, view);
  return view;
};
