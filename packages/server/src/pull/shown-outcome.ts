import type { ChangeOutcome, Outcome, Values } from '@satchel/protocol';
import { lowerColumns, lowerRow } from '@satchel/schema';
import type { ReaderView, TableView } from './reader-view.ts';

/**
 * What a reader may see of an outcome now, in the names of its schema version: rows of
 * tables that it may not read go, and columns that it may not read go from the others
 * (rule 66). The outcome itself stays: it says what became of the reader's own work.
 */
export const shownOutcome = (outcome: Outcome, view: ReaderView): Outcome => ({
  ...outcome,
  changes: outcome.changes.map((change) => shownChange(change, view)),
});

const shownChange = (change: ChangeOutcome, view: ReaderView): ChangeOutcome => {
  const table = tableOf(view, change.table);
  const shown = inVersion(change, view);
  const { row, ...rest } = shown;
  if (row === undefined || row === null) return shown;
  const values = table && shownValues(row, table, view);
  return values ? { ...rest, row: values } : rest;
};

const tableOf = (view: ReaderView, name: string): TableView | undefined => {
  for (const table of view.tables.values()) if (table.table.name === name) return table;
  return undefined;
};

/** Names of a change as the reader's version has them. */
const inVersion = (change: ChangeOutcome, { app, version, names }: ReaderView): ChangeOutcome => {
  if (version === app.schemaVersion) return change;
  for (const [, wire] of names) {
    if (lowerRow(app, version, change.table, {})?.table !== wire) continue;
    return {
      ...change,
      table: wire,
      ...(change.columns ? { columns: [...lowerColumns(app, version, change.table, change.columns)] } : {}),
    };
  }
  return change;
};

const shownValues = (row: Values, table: TableView, { app, version }: ReaderView): Values | undefined => {
  const shown: Record<string, Values[string]> = {};
  const readable = [...table.table.primaryKey, ...table.columns.map(({ name }) => name)];
  for (const name of readable) if (row[name] !== undefined) shown[name] = row[name];
  return version === app.schemaVersion ? shown : lowerRow(app, version, table.table.name, shown)?.values;
};
