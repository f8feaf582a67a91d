import { type Column, columnToSql } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import type { App, ForeignKey, Table } from '@satchel/schema';
import { relationOf } from '../../capture/relation.ts';
import type { CatalogConstraint, CatalogTable } from '../catalog.ts';
import { pgType } from '../columns.ts';
import { quote } from '../quote.ts';
import { sqlName } from '../sql-name.ts';
import { canonicalCheck, defaultText, isGiven, isNotNull } from './column-text.ts';
import { OWN_SCHEMA, relationText, type TableDraft } from './table-draft.ts';
import { touchName, touchTrigger } from './touch-trigger.ts';

/**
 * Brings own tables to what the app says now: makes what is missing, relaxes and adds
 * where that cannot fail, refuses the rest with the step of the history that it needs.
 */
export const reconcile = (draft: TableDraft, app: App): void => {
  const own = app.tableOrder.map((name) => app.tables[name]!).filter((table) => table.adopt === undefined);
  for (const table of own) {
    const name = columnToSql(table.name);
    const found = draft.find(name);
    if (!found) draft.createTable(name, Object.values(table.columns), table.primaryKey);
    else reconcileColumns(draft, table, found);
    reconcileChecks(draft, table);
    reconcileUniques(draft, table);
    reconcileTouch(draft, table);
  }
  // After all tables and keys are there: references may go in circles.
  for (const table of own) {
    reconcileReferences(draft, app, table);
    reconcileIndexes(draft, table);
  }
};

const conflict = (table: Table, detail: string, remedy: string): SatchelError =>
  new SatchelError('migration_conflict', { table: table.name, detail, remedy });

const reconcileColumns = (draft: TableDraft, table: Table, found: CatalogTable): void => {
  if (!draft.isKnown(found.name)) {
    throw conflict(
      table,
      'a table of that name is there already, and Satchel did not make it',
      'Say adopt: true to use it as it is, or rename one of the two.',
    );
  }
  if (found.kind === 'other') throw conflict(table, 'it is a view', 'Rename one of the two.');
  const key = found.constraints.find(({ kind }) => kind === 'primary-key')?.columns ?? [];
  if (!sameList(key, table.primaryKey.map(columnToSql))) {
    throw conflict(
      table,
      `its primary key is (${key.join(', ')})`,
      'A primary key cannot be changed: make another table.',
    );
  }
  const columns = Object.values(table.columns);
  for (const column of columns) reconcileColumn(draft, table, found, column);
  const wanted = new Set(columns.map(({ name }) => columnToSql(name)));
  for (const { name, notNull, hasDefault } of found.columns) {
    if (!wanted.has(name) && notNull && !hasDefault) {
      throw conflict(
        table,
        `its column ${name} must be written, and the app does not know it`,
        `Add it to the app, or say drop('${table.name}', …) in the history; or let it have a default.`,
      );
    }
  }
};

const reconcileColumn = (draft: TableDraft, table: Table, found: CatalogTable, column: Column): void => {
  const name = columnToSql(column.name);
  const there = found.columns.find((one) => one.name === name);
  if (!there) {
    if (isNotNull(column) && !isFilled(column) && !draft.isEmpty(found.name)) {
      throw conflict(
        table,
        `the column ${column.name} is new and may not be null, and rows are there`,
        `Raise schemaVersion and say add('${table.name}', '${column.name}', value) in the history; or give it a default.`,
      );
    }
    draft.addColumn(found.name, column);
    return;
  }
  if (there.type !== pgType(column)) {
    throw conflict(
      table,
      `the column ${column.name} is ${there.type}, the app says ${pgType(column)}`,
      `Give the new column another name and say split('${table.name}', …) in the history.`,
    );
  }
  if (there.notNull && !isNotNull(column)) {
    draft.alterColumn(found.name, name, 'drop not null', { notNull: false });
  }
  if (!there.notNull && isNotNull(column)) {
    draft.alterColumn(found.name, name, 'set not null', { notNull: true });
  }
  const wanted = defaultText(column);
  if (wanted !== undefined && !there.hasDefault) {
    draft.alterColumn(found.name, name, `set default ${wanted}`, { hasDefault: true });
  }
  if (wanted === undefined && there.hasDefault && !there.identity && !there.generated) {
    draft.alterColumn(found.name, name, 'drop default', { hasDefault: false });
  }
};

/** PostgreSQL gives rows that are there a value of its own accord. */
const isFilled = (column: Column): boolean => isGiven(column) || defaultText(column) !== undefined;

const reconcileChecks = (draft: TableDraft, table: Table): void => {
  const name = columnToSql(table.name);
  for (const column of Object.values(table.columns)) {
    const sql = columnToSql(column.name);
    const text = canonicalCheck(column, sql);
    const there = draft
      .find(name)!
      .constraints.some(
        ({ kind, columns, name: constraint }) =>
          kind === 'check' && sameList(columns, [sql]) && constraint.endsWith('_canonical'),
      );
    if (text === undefined || there) continue;
    draft.addConstraint(
      name,
      ownConstraint(name, 'check', sqlName(name, sql, 'canonical'), [sql]),
      `check (${text})`,
    );
  }
};

const reconcileUniques = (draft: TableDraft, table: Table): void => {
  const name = columnToSql(table.name);
  const wanted = table.unique.map((columns) => columns.map(columnToSql));
  const isWanted = (one: CatalogConstraint): boolean =>
    one.deferrable && wanted.some((columns) => sameList(columns, one.columns));
  for (const one of draft.find(name)!.constraints) {
    if (one.kind === 'unique' && one.name === sqlName(name, ...one.columns, 'key') && !isWanted(one)) {
      draft.dropConstraint(name, one.name);
    }
  }
  for (const columns of wanted) {
    const there = draft
      .find(name)!
      .constraints.some((one) => one.kind === 'unique' && sameList(one.columns, columns));
    if (there) continue;
    draft.addConstraint(
      name,
      { ...ownConstraint(name, 'unique', sqlName(name, ...columns, 'key'), columns), deferrable: true },
      `unique (${list(columns)}) deferrable initially immediate`,
    );
  }
};

const reconcileTouch = (draft: TableDraft, table: Table): void => {
  const name = columnToSql(table.name);
  const there = draft.find(name)!.touchTriggers;
  const wanted = Object.values(table.columns)
    .filter(({ type }) => type === 'modifiedAt')
    .map((column) => columnToSql(column.name));
  if (sameList(there.toSorted(), wanted.map((column) => touchName(name, column)).toSorted())) {
    return;
  }
  draft.dropTouchTriggers(name);
  for (const column of wanted) {
    for (const text of touchTrigger(relationText(name), name, column, 'when-changed')) draft.sql(text);
  }
};

const reconcileReferences = (draft: TableDraft, app: App, table: Table): void => {
  const name = columnToSql(table.name);
  const wanted = table.foreignKeys.map((key) => wantedReference(app, name, key));
  for (const one of draft.find(name)!.constraints) {
    if (one.kind !== 'foreign-key') continue;
    const like = wanted.find((key) => sameReference(key.constraint, one));
    const isOurs = one.name === sqlName(name, ...one.columns, 'fkey');
    const isStale = like === undefined ? isOurs : !sameRules(like.constraint, one);
    if (isStale) draft.dropConstraint(name, one.name);
  }
  for (const { constraint, text } of wanted) {
    const there = draft.find(name)!.constraints.some((one) => sameReference(constraint, one));
    if (!there) draft.addConstraint(name, constraint, text);
  }
};

/**
 * RESTRICT cannot be deferred, and a batch may delete a parent before its children:
 * NO ACTION refuses the same, at the end of the statement or where it was deferred to.
 */
const ON_DELETE = { restrict: 'no-action', cascade: 'cascade', 'set-null': 'set-null' } as const;

const wantedReference = (
  app: App,
  name: string,
  key: ForeignKey,
): { readonly constraint: CatalogConstraint; readonly text: string } => {
  const parent = app.tables[key.references]!;
  const relation = relationOf(parent);
  const columns = key.columns.map(columnToSql);
  const parentColumns = parent.primaryKey.map(relation.columnName);
  const onDelete = ON_DELETE[key.onDelete];
  return {
    constraint: {
      ...ownConstraint(name, 'foreign-key', sqlName(name, ...columns, 'fkey'), columns),
      deferrable: true,
      onDelete,
      references: { schema: relation.schema, table: relation.name, columns: parentColumns },
    },
    text: `foreign key (${list(columns)}) references ${relation.sql} (${list(parentColumns)}) on delete ${onDelete.replace('-', ' ')} deferrable initially immediate`,
  };
};

const sameReference = (a: CatalogConstraint, b: CatalogConstraint): boolean =>
  b.kind === 'foreign-key' &&
  sameList(a.columns, b.columns) &&
  a.references?.schema === b.references?.schema &&
  a.references?.table === b.references?.table &&
  sameList(a.references?.columns ?? [], b.references?.columns ?? []);

const sameRules = (a: CatalogConstraint, b: CatalogConstraint): boolean =>
  a.onDelete === b.onDelete && a.deferrable === b.deferrable && b.validated;

/** Those that the app names, and one for each reference: deletes of parents and moves look there. */
const reconcileIndexes = (draft: TableDraft, table: Table): void => {
  const name = columnToSql(table.name);
  const wanted = [...table.indexes, ...table.foreignKeys.map(({ columns }) => columns)].map((columns) =>
    columns.map(columnToSql),
  );
  for (const index of draft.find(name)!.indexes) {
    const isOurs = !index.unique && !index.partial && index.name === sqlName(name, ...index.columns, 'idx');
    if (isOurs && !wanted.some((columns) => sameList(columns, index.columns)))
      draft.dropIndex(name, index.name);
  }
  for (const columns of wanted) {
    if (!isServed(draft.find(name)!, columns)) {
      draft.addIndex(name, {
        name: sqlName(name, ...columns, 'idx'),
        columns,
        unique: false,
        partial: false,
      });
    }
  }
};

/** Whether an index begins with the columns. */
export const isServed = (table: CatalogTable, columns: readonly string[]): boolean => {
  const begins = (held: readonly string[]): boolean => sameList(held.slice(0, columns.length), columns);
  return (
    table.indexes.some((index) => !index.partial && begins(index.columns)) ||
    table.constraints.some(
      ({ kind, columns: held }) => (kind === 'primary-key' || kind === 'unique') && begins(held),
    )
  );
};

const ownConstraint = (
  table: string,
  kind: CatalogConstraint['kind'],
  name: string,
  columns: readonly string[],
): CatalogConstraint => ({
  kind,
  schema: OWN_SCHEMA,
  table,
  name,
  columns,
  deferrable: false,
  validated: true,
});

const list = (columns: readonly string[]): string => columns.map(quote).join(', ');

export const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item, place) => item === b[place]);
