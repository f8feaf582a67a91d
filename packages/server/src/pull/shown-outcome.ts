import type { ChangeOutcome, Outcome, Values } from '@satchel/protocol';
import type { ReaderView, TableView } from './reader-view.ts';

/**
 * What a reader may see of an outcome now: rows of tables that it may not read go, and
 * columns that it may not read go from the others (rule 66). The outcome itself stays:
 * it says what became of the reader's own work.
 */
export const shownOutcome = (outcome: Outcome, view: ReaderView): Outcome => ({
  ...outcome,
  changes: outcome.changes.map((change) => shownChange(change, tableOf(view, change.table))),
});

const tableOf = (view: ReaderView, name: string): TableView | undefined => {
  for (const table of view.tables.values()) if (table.table.name === name) return table;
  return undefined;
};

const shownChange = (change: ChangeOutcome, view: TableView | undefined): ChangeOutcome => {
  const { row, ...rest } = change;
  if (row === undefined || row === null) return change;
  return view ? { ...rest, row: shownValues(row, view) } : rest;
};

const shownValues = (row: Values, view: TableView): Values => {
  const shown: Record<string, Values[string]> = {};
  for (const name of view.table.primaryKey) if (row[name] !== undefined) shown[name] = row[name];
  for (const { name } of view.columns) if (row[name] !== undefined) shown[name] = row[name];
  return shown;
};
