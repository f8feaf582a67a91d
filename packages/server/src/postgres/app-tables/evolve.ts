import { type Columns, columnToSql } from '@satchel/core';
import { invariant, unreachable, type Value } from '@satchel/protocol';
import { type App, currentTables, type SchemaChange, type TableView, undoChange } from '@satchel/schema';
import { quoteText } from '../quote.ts';
import { sqlLiteral } from '../sql-literal.ts';
import { sqlName } from '../sql-name.ts';
import type { PlanOptions } from './app-plan.ts';
import { columnText, defaultText, isNotNull } from './column-text.ts';
import { relationText, type TableDraft } from './table-draft.ts';

type Tables = Readonly<Record<string, TableView>>;

interface DatedChange {
  readonly to: number;
  readonly change: SchemaChange;
  readonly before: Tables;
  readonly after: Tables;
}

/**
 * Carries own tables through the steps of the history that are above `version`.
 * Adopted tables are changed by whoever owns them. What a step drops is kept aside,
 * nullable and renamed, unless `dropData` is set.
 */
export const evolve = (draft: TableDraft, app: App, version: number, options: PlanOptions): void => {
  for (const dated of datedChanges(app, version)) applyChange(draft, app, dated, options);
};

/** Each change with the tables as they were before and after it. */
const datedChanges = (app: App, version: number): DatedChange[] => {
  const dated: DatedChange[] = [];
  let after = currentTables(app.tables);
  for (const step of app.history.toReversed()) {
    if (step.to <= version) break;
    for (const change of step.changes.toReversed()) {
      const before = undoChange('history', after, change);
      dated.unshift({ to: step.to, change, before, after });
      after = before;
    }
  }
  return dated;
};

const applyChange = (
  draft: TableDraft,
  app: App,
  { to, change, before, after }: DatedChange,
  options: PlanOptions,
): void => {
  if (change.kind === 'add-table') return;
  if (change.kind === 'drop-table') {
    const table = draft.find(columnToSql(change.table));
    // Left in place, it would keep rows of others from being deleted.
    for (const { kind, name } of table?.constraints ?? []) {
      if (kind === 'foreign-key') draft.dropConstraint(table!.name, name);
    }
    if (table) draft.dropTouchTriggers(table.name);
    return;
  }
  const view = change.kind === 'rename-table' ? before[change.from] : before[change.table];
  invariant(view, 'a change of the history is about a table that is not there');
  const name = columnToSql(view.name);
  // A table that is made later, in its last form, or one that is not ours.
  if (!draft.find(name) || app.tables[view.current]?.adopt) return;
  draft.dropTouchTriggers(name);
  switch (change.kind) {
    case 'rename-table':
      draft.renameTable(name, columnToSql(change.to));
      draft.sql(
        `update satchel.tables set name = ${quoteText(change.to)} where name = ${quoteText(change.from)}`,
      );
      return;
    case 'rename':
      draft.renameColumn(name, columnToSql(change.from), columnToSql(change.to));
      return;
    case 'add':
      addFilled(draft, name, after[change.table]!.columns, change.column, change.value);
      return;
    case 'drop':
      retire(draft, name, columnToSql(change.column), to, options);
      return;
    case 'split': {
      const made = after[change.table]!.columns;
      for (const column of change.to) addEmpty(draft, name, made, column);
      draft.actions.push({
        kind: 'split',
        table: view.name,
        relation: relationText(name),
        columns: { ...view.columns, ...made },
        primaryKey: view.primaryKey,
        from: change.from,
        to: change.to,
        up: change.up,
      });
      for (const column of change.to) {
        const definition = made[column]!;
        if (isNotNull(definition)) {
          draft.alterColumn(name, columnToSql(column), 'set not null', { notNull: true });
        }
      }
      for (const column of change.from) retire(draft, name, columnToSql(column), to, options);
      return;
    }
    default:
      unreachable(change);
  }
};

/** Rows that are there get `value` as a default, which PostgreSQL does without touching them. */
const addFilled = (draft: TableDraft, name: string, columns: Columns, column: string, value: Value): void => {
  const definition = columns[column]!;
  const sql = columnToSql(column);
  if (draft.find(name)!.columns.some((one) => one.name === sql)) return;
  const ordinary = defaultText(definition);
  if (value === null || definition.type === 'serverId') {
    draft.addColumn(name, definition);
    return;
  }
  const filler = sqlLiteral(definition, value);
  draft.addColumn(name, definition, columnText(definition, sql, filler));
  if (ordinary === undefined) draft.alterColumn(name, sql, 'drop default', { hasDefault: false });
  else if (ordinary !== filler) draft.alterColumn(name, sql, `set default ${ordinary}`, { hasDefault: true });
};

const addEmpty = (draft: TableDraft, name: string, columns: Columns, column: string): void =>
  draft.addColumn(name, { ...columns[column]!, nullable: true });

/** Takes a column out of use: without its constraints, nullable, under a name that no column of an app has. */
const retire = (draft: TableDraft, name: string, column: string, to: number, options: PlanOptions): void => {
  const table = draft.find(name)!;
  const found = table.columns.find((one) => one.name === column);
  if (!found) return;
  for (const constraint of table.constraints) {
    if (constraint.kind !== 'check' && constraint.columns.includes(column)) {
      draft.dropConstraint(name, constraint.name);
    }
  }
  for (const index of table.indexes) {
    if (index.columns.includes(column)) draft.dropIndex(name, index.name);
  }
  if (options.dropData) {
    draft.dropColumn(name, column);
    return;
  }
  if (found.identity) {
    draft.alterColumn(name, column, 'drop identity', { identity: false, hasDefault: false });
  }
  if (found.notNull) draft.alterColumn(name, column, 'drop not null', { notNull: false });
  // Two underscores: no name of an app becomes one with them.
  draft.renameColumn(name, column, sqlName(column, `_dropped_v${to}`));
};
