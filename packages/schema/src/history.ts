import type { Value, Values } from '@satchel/protocol';
import type { ColumnBuilder, InsertMode } from './column-builders.ts';

/** Any column, whatever its types. */
export type AnyColumn = ColumnBuilder<unknown, InsertMode>;

/** One change of the schema as an app writes it; made by the functions below. */
export type SchemaChangeInput =
  | { readonly kind: 'add-table'; readonly table: string }
  | { readonly kind: 'drop-table'; readonly table: string }
  | { readonly kind: 'rename-table'; readonly from: string; readonly to: string }
  | { readonly kind: 'rename'; readonly table: string; readonly from: string; readonly to: string }
  | { readonly kind: 'add'; readonly table: string; readonly column: string; readonly value?: Value }
  | {
      readonly kind: 'drop';
      readonly table: string;
      readonly column: string;
      readonly was: AnyColumn;
      readonly value?: Value;
    }
  | {
      readonly kind: 'split';
      readonly table: string;
      readonly was: Readonly<Record<string, AnyColumn>>;
      readonly to: readonly string[];
      readonly up: (old: Values) => Values;
      readonly down: (now: Values) => Values;
    };

export interface HistoryStepInput {
  /** The version that these changes lead to. */
  readonly to: number;
  /** In the order in which they happened; each speaks the names of its moment. */
  readonly changes: readonly SchemaChangeInput[];
}

/** The table is new in this version. */
export const addTable = (table: string): SchemaChangeInput => ({ kind: 'add-table', table });

/** The table is no longer part of the app. PostgreSQL keeps its rows; what is still waiting for it is quarantined. */
export const dropTable = (table: string): SchemaChangeInput => ({ kind: 'drop-table', table });

export const renameTable = (from: string, to: string): SchemaChangeInput => ({
  kind: 'rename-table',
  from,
  to,
});

export const rename = (table: string, from: string, to: string): SchemaChangeInput => ({
  kind: 'rename',
  table,
  from,
  to,
});

/** The column is new; rows that were there hold `value` (default: the column's default, else null). */
export const add = (table: string, column: string, value?: Value): SchemaChangeInput =>
  value === undefined ? { kind: 'add', table, column } : { kind: 'add', table, column, value };

/**
 * The column is gone. `was` is how it was defined, `value` what older clients are
 * shown in its place (default: its default, else null).
 */
export const drop = (table: string, column: string, was: AnyColumn, value?: Value): SchemaChangeInput =>
  value === undefined ? { kind: 'drop', table, column, was } : { kind: 'drop', table, column, was, value };

/**
 * Columns become other columns: one becomes several, several become one, or the type
 * of one changes under a new name. `up` and `down` are pure.
 *
 * An update carries only some columns. Reading one that it does not carry refuses the
 * change (`lift_failed`, quarantined whole); test with `'name' in old` to do better.
 *
 * @example
 * ```ts
 * split(
 *   'customers',
 *   { name: text() },
 *   ['firstName', 'lastName'],
 *   ({ name }) => ({ firstName: String(name).split(' ')[0]!, lastName: String(name).split(' ').slice(1).join(' ') }),
 *   ({ firstName, lastName }) => ({ name: `${firstName} ${lastName}` }),
 * );
 * ```
 */
export const split = (
  table: string,
  was: Readonly<Record<string, AnyColumn>>,
  to: readonly string[],
  up: (old: Values) => Values,
  down: (now: Values) => Values,
): SchemaChangeInput => ({ kind: 'split', table, was, to, up, down });
