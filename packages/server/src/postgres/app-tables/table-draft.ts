import { type Column, columnToSql } from '@satchel/core';
import { invariant, SatchelError } from '@satchel/protocol';
import {
  type CatalogColumn,
  type CatalogConstraint,
  type CatalogIndex,
  type CatalogTable,
  catalogKey,
} from '../catalog.ts';
import { pgType } from '../columns.ts';
import { quote } from '../quote.ts';
import type { DatabaseState, TableAction } from './app-plan.ts';
import { columnText, defaultText, isNotNull } from './column-text.ts';
import { dropTouchTrigger } from './touch-trigger.ts';

/** The schema of tables that Satchel makes. */
export const OWN_SCHEMA = 'public';

export const relationText = (name: string): string => `${quote(OWN_SCHEMA)}.${quote(name)}`;

/**
 * Own tables while a plan is made: each method notes a statement and changes the
 * picture of the database as that statement will.
 */
export class TableDraft {
  readonly actions: TableAction[] = [];
  readonly #tables: Map<string, CatalogTable>;
  readonly #empty: Set<string>;
  readonly #known: Set<string>;

  constructor(state: DatabaseState) {
    this.#tables = new Map(state.catalog);
    this.#empty = new Set(state.empty);
    this.#known = new Set([...state.known].map(columnToSql));
  }

  sql(text: string): void {
    this.actions.push({ kind: 'sql', text });
  }

  /** By its name in SQL. */
  find(name: string): CatalogTable | undefined {
    return this.#tables.get(catalogKey(OWN_SCHEMA, name));
  }

  isEmpty(name: string): boolean {
    return this.#empty.has(name);
  }

  /** Whether Satchel made it, or adopted it before. */
  isKnown(name: string): boolean {
    return this.#known.has(name);
  }

  createTable(name: string, columns: readonly Column[], primaryKey: readonly string[]): void {
    const lines = columns.map((column) => columnText(column, columnToSql(column.name)));
    const key = primaryKey.map(columnToSql);
    this.sql(
      `create table ${relationText(name)} (\n  ${[...lines, `primary key (${key.map(quote).join(', ')})`].join(',\n  ')}\n)`,
    );
    this.#put({
      schema: OWN_SCHEMA,
      name,
      kind: 'table',
      columns: columns.map(asCatalog),
      constraints: [
        {
          kind: 'primary-key',
          schema: OWN_SCHEMA,
          table: name,
          name: `${name}_pkey`,
          columns: key,
          deferrable: false,
          validated: true,
        },
      ],
      indexes: [],
      touchTriggers: [],
    });
    this.#empty.add(name);
    this.#known.add(name);
  }

  renameTable(from: string, to: string): void {
    if (this.find(to)) {
      throw new SatchelError('migration_conflict', {
        table: to,
        detail: `${from} cannot take its name`,
        remedy: `Rename or remove the table ${to} first.`,
      });
    }
    this.sql(`alter table ${relationText(from)} rename to ${quote(to)}`);
    const table = this.#get(from);
    this.#tables.delete(catalogKey(OWN_SCHEMA, from));
    this.#put({ ...table, name: to, constraints: table.constraints.map((one) => ({ ...one, table: to })) });
    for (const names of [this.#empty, this.#known]) {
      if (names.delete(from)) names.add(to);
    }
    for (const other of this.#tables.values()) {
      const constraints = other.constraints.map((one) =>
        one.references?.schema === OWN_SCHEMA && one.references.table === from
          ? { ...one, references: { ...one.references, table: to } }
          : one,
      );
      this.#put({ ...other, constraints });
    }
  }

  renameColumn(name: string, from: string, to: string): void {
    this.sql(`alter table ${relationText(name)} rename column ${quote(from)} to ${quote(to)}`);
    const table = this.#get(name);
    const renamed = (columns: readonly string[]) => columns.map((one) => (one === from ? to : one));
    this.#put({
      ...table,
      columns: table.columns.map((column) => (column.name === from ? { ...column, name: to } : column)),
      constraints: table.constraints.map((one) => ({ ...one, columns: renamed(one.columns) })),
      indexes: table.indexes.map((index) => ({ ...index, columns: renamed(index.columns) })),
    });
    for (const other of this.#tables.values()) {
      const constraints = other.constraints.map((one) =>
        one.references?.schema === OWN_SCHEMA && one.references.table === name
          ? { ...one, references: { ...one.references, columns: renamed(one.references.columns) } }
          : one,
      );
      this.#put({ ...other, constraints });
    }
  }

  /** `text` may differ from the column's own, for rows that are there already. */
  addColumn(name: string, column: Column, text = columnText(column, columnToSql(column.name))): void {
    this.sql(`alter table ${relationText(name)} add column ${text}`);
    const table = this.#get(name);
    this.#put({ ...table, columns: [...table.columns, asCatalog(column)] });
  }

  dropColumn(name: string, column: string): void {
    this.sql(`alter table ${relationText(name)} drop column ${quote(column)}`);
    const table = this.#get(name);
    this.#put({
      ...table,
      columns: table.columns.filter((one) => one.name !== column),
      constraints: table.constraints.filter((one) => !one.columns.includes(column)),
    });
  }

  alterColumn(name: string, column: string, text: string, change: Partial<CatalogColumn>): void {
    this.sql(`alter table ${relationText(name)} alter column ${quote(column)} ${text}`);
    const table = this.#get(name);
    this.#put({
      ...table,
      columns: table.columns.map((one) => (one.name === column ? { ...one, ...change } : one)),
    });
  }

  addConstraint(name: string, constraint: CatalogConstraint, text: string): void {
    this.sql(`alter table ${relationText(name)} add constraint ${quote(constraint.name)} ${text}`);
    const table = this.#get(name);
    this.#put({ ...table, constraints: [...table.constraints, constraint] });
  }

  dropConstraint(name: string, constraint: string): void {
    this.sql(`alter table ${relationText(name)} drop constraint ${quote(constraint)}`);
    const table = this.#get(name);
    this.#put({ ...table, constraints: table.constraints.filter((one) => one.name !== constraint) });
  }

  addIndex(name: string, index: CatalogIndex): void {
    this.sql(
      `create index ${quote(index.name)} on ${relationText(name)} (${index.columns.map(quote).join(', ')})`,
    );
    const table = this.#get(name);
    this.#put({ ...table, indexes: [...table.indexes, index] });
  }

  dropIndex(name: string, index: string): void {
    this.sql(`drop index ${quote(OWN_SCHEMA)}.${quote(index)}`);
    const table = this.#get(name);
    this.#put({ ...table, indexes: table.indexes.filter((one) => one.name !== index) });
  }

  dropTouchTriggers(name: string): void {
    const table = this.#get(name);
    for (const trigger of table.touchTriggers) {
      for (const text of dropTouchTrigger(relationText(name), trigger)) this.sql(text);
    }
    this.#put({ ...table, touchTriggers: [] });
  }

  #get(name: string): CatalogTable {
    const table = this.find(name);
    invariant(table, `there is no table ${name} to change`);
    return table;
  }

  #put(table: CatalogTable): void {
    this.#tables.set(catalogKey(table.schema, table.name), table);
  }
}

const asCatalog = (column: Column): CatalogColumn => ({
  name: columnToSql(column.name),
  type: pgType(column),
  notNull: isNotNull(column),
  hasDefault: defaultText(column) !== undefined || column.type === 'serverId',
  identity: column.type === 'serverId',
  generated: false,
});
