import type { Columns } from '@satchel/core';
import type { Values } from '@satchel/protocol';
import type { Catalog } from '../catalog.ts';

/** The values of some columns of every row become those of others, through a function of the app. */
export interface SplitRows {
  readonly kind: 'split';
  /** Name in the app at that moment, for errors. */
  readonly table: string;
  readonly relation: string;
  /** All columns at that moment, before the split, and those that it makes. */
  readonly columns: Columns;
  readonly primaryKey: readonly string[];
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly up: (old: Values) => Values;
}

/** One step towards the tables that an app needs. */
export type TableAction = { readonly kind: 'sql'; readonly text: string } | SplitRows;

/** Something that works, and that an operator should know. For `satchel doctor`. */
export interface TableWarning {
  readonly table: string;
  readonly column?: string;
  readonly kind: /** The column holds more than its canonical form: the rest is lost when a client writes it back. */
    | 'finer'
    /** The column cannot hold all that a client may write. */
    | 'coarser'
    /** A constraint is checked after each statement only, so rows cannot trade values. */
    | 'not-deferrable'
    /** The app declares it, the adopted table has none. */
    | 'unique-missing'
    | 'reference-missing'
    | 'index-missing';
  /** What it is about, in PostgreSQL's words. */
  readonly detail: string;
}

/** What `applyApp` does to a database. Nothing where all is as it should be. */
export interface AppPlan {
  readonly actions: readonly TableAction[];
  readonly warnings: readonly TableWarning[];
}

/** What is known of a database before planning. */
export interface DatabaseState {
  readonly catalog: Catalog;
  /** Own tables without a single row, by their names in SQL. */
  readonly empty: ReadonlySet<string>;
  /** Names in `satchel.tables`: what Satchel made or adopted before. */
  readonly known: ReadonlySet<string>;
  /** Version of the app whose tables these are; `undefined` in a new database. */
  readonly schemaVersion: number | undefined;
}

export interface PlanOptions {
  /** Deletes what `drop` and `split` leave behind, instead of keeping it aside. Default false. */
  readonly dropData?: boolean;
}

/** The plan as SQL text, for `satchel migrate --dry-run`. */
export const planText = (plan: AppPlan): string[] =>
  plan.actions.map((action) =>
    action.kind === 'sql'
      ? `${action.text};`
      : `-- ${action.table}: ${action.from.join(', ')} of every row become ${action.to.join(', ')}, by the app's function`,
  );
