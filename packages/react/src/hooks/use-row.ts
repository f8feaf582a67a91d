import { tableRowReader } from '@satchel/client';
import { columnToSql, keyParts } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import type { App, Row, Table, TableName } from '@satchel/schema';
import { useSatchel } from '../provider.tsx';
import type { SatchelClient } from '../satchel-client.ts';
import { useObserved } from './use-observed.ts';
import { observeQuery, type QueryOptions } from './use-query.ts';
import { type RecordState, useRecordState } from './use-record-state.ts';

/** Rows of the tables of an app; plain records where its types are not known. */
export type AppRow<A, T extends string> = [TableName<A>] extends [never]
  ? Readonly<Record<string, unknown>>
  : T extends TableName<A>
    ? Row<A, T>
    : never;

export interface RowResult<R> {
  /** Undefined while it is read, and where there is none. */
  readonly row: R | undefined;
  readonly state: RecordState | undefined;
  readonly loading: boolean;
  readonly error: unknown;
}

const quoted = (column: string): string => `"${columnToSql(column)}"`;

const rowQuery = (table: Table, key: string) => ({
  sql:
    `select ${Object.keys(table.columns).map(quoted).join(', ')} from ${quoted(table.name)} ` +
    `where ${table.primaryKey.map((column) => `${quoted(column)} = ?`).join(' and ')}`,
  parameters: table.primaryKey.length === 1 ? [key] : keyParts(key, table.primaryKey.length),
});

/** The live row of a table that the app has. */
export const observeRow = (db: SatchelClient, table: Table, key: string) =>
  observeQuery(db, rowQuery(table, key), [], tableRowReader(table));

/**
 * One row, live, and where it stands: synced, pending, failed or in conflict.
 *
 * @throws `table_unknown`
 */
export const useRow = <A extends App = App, T extends string = string>(
  table: T,
  key: string,
  options: QueryOptions = {},
): RowResult<AppRow<A, T>> => {
  const db = useSatchel();
  const known = db.app.tables[table];
  if (!known) throw new SatchelError('table_unknown', { table });
  const observed = observeRow(db, known, key);
  const { value, error } = useObserved(observed);
  const state = useRecordState({ table, key });
  if (options.suspense && value === undefined) {
    if (error !== undefined) throw error;
    throw observed.first();
  }
  return { row: value?.rows[0] as AppRow<A, T> | undefined, state, loading: value === undefined, error };
};
