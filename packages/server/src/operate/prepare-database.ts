import { SatchelError } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import { checkCapture } from '../capture/check-capture.ts';
import { applyApp, planAppTables } from '../postgres/app-tables.ts';
import type { Database } from '../postgres/database.ts';
import { areDocumentViewsMade } from '../postgres/document-views.ts';
import { migrate, pendingMigrations } from '../postgres/migrate.ts';
import { isRetryable } from '../postgres/pg-errors.ts';

/** How often a change is tried that PostgreSQL gave up for the sake of another transaction. */
const ATTEMPTS = 5;

/**
 * Under load a change waits for transactions that wait for what it has changed already:
 * where PostgreSQL breaks that circle by giving it up, nothing of it is done, and it is
 * tried again.
 */
const changeDatabase = async (db: Database, app: App): Promise<ReadonlyMap<string, number>> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await migrate(db);
      return (await applyApp(db, app)).tableIds;
    } catch (error) {
      if (attempt === ATTEMPTS || !isRetryable(error)) throw error;
    }
  }
};

/**
 * Makes sure that the database is what this server and this app need, and returns the
 * numbers of the app's tables. With `change` it is brought there; without, for roles
 * that may not create tables, it is only compared.
 *
 * @throws `database_behind` where something is missing and may not be changed; what
 * `migrate` and `applyApp` throw
 */
export const prepareDatabase = async (
  db: Database,
  app: App,
  { change }: { readonly change: boolean },
): Promise<ReadonlyMap<string, number>> => {
  if (change) return changeDatabase(db, app);
  const [migration] = await pendingMigrations(db);
  if (migration !== undefined)
    throw new SatchelError('database_behind', { what: `the migration ${migration}` });
  const { actions } = await planAppTables(db, app);
  if (actions.length > 0)
    throw new SatchelError('database_behind', { what: `${actions.length} changes of the app's tables` });
  if (!(await areDocumentViewsMade(db, app)))
    throw new SatchelError('database_behind', { what: "the documents' views" });
  const { rows } = await db.query<{ name: string; table_id: number }>(
    'select name, table_id from satchel.tables where name = any($1)',
    [app.tableOrder],
  );
  const tableIds = new Map(rows.map(({ name, table_id }) => [name, table_id]));
  const missing = app.tableOrder.find((name) => !tableIds.has(name));
  if (missing !== undefined) throw new SatchelError('database_behind', { what: `the table ${missing}` });
  const differences = await checkCapture(db, app, tableIds);
  const capture = differences.find(({ state }) => state !== 'left');
  if (capture !== undefined)
    throw new SatchelError('database_behind', { what: `the ${capture.kind} ${capture.name}` });
  return tableIds;
};
