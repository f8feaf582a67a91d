import { columnToSql } from '@satchel/core';
import type { App } from '@satchel/schema';
import { openSatchel, type Satchel, type SatchelOptions } from '../satchel.ts';

/**
 * Opens the local database and makes its tables, if they are not there: as often as one
 * likes. Its file is named after the app, the server and the user.
 */
export const initializeLocalDB = <A extends App>(options: SatchelOptions<A>): Promise<Satchel<A>> =>
  openSatchel(options);

/**
 * The statements that made the local tables, and the views of the documents, by the
 * documents' names: `CREATE_PRODUCTS_TABLE`, `CREATE_SYNC_QUEUE_TABLE`,
 * `CREATE_CONFLICTS_TABLE`. To be read; `initializeLocalDB` has run them.
 *
 * @example
 * ```ts
 * const { CREATE_PRODUCTS_TABLE } = await createStatements(db); // 'CREATE TABLE "products" (…'
 * ```
 */
export const createStatements = async (db: Satchel): Promise<Readonly<Record<string, string>>> => {
  const names = new Map<string, string>([
    ...Object.keys(db.app.tables).map((table): [string, string] => [columnToSql(table), columnToSql(table)]),
    ['sync_queue', 'sync_queue'],
    ['sync_conflicts', 'conflicts'],
  ]);
  const rows = await db.all(
    "select name, sql from sqlite_schema where type in ('table', 'view') order by name",
  );
  return Object.fromEntries(
    rows.flatMap(({ name, sql }): [string, string][] => {
      const known = names.get(String(name));
      return known === undefined ? [] : [[`CREATE_${known.toUpperCase()}_TABLE`, String(sql)]];
    }),
  );
};
