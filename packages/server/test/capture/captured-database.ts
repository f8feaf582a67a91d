import type { App } from '@satchel/schema';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { applyApp } from '../../src/postgres/app-tables.ts';

export interface CapturedDatabase extends TestDatabase {
  readonly tableIds: ReadonlyMap<string, number>;
  /** `scope table key` of every present entry, sorted; gone ones end in ` deleted` or ` left`. */
  entries(): Promise<string[]>;
}

/** A database with the app's tables and their capture. `before` makes adopted and plain tables. */
export const capturedDatabase = async (
  app: App,
  before: readonly string[] = [],
): Promise<CapturedDatabase> => {
  const database = await testDatabase();
  for (const text of before) await database.db.query(text);
  const { tableIds } = await applyApp(database.db, app);
  return {
    ...database,
    tableIds,
    entries: async () => {
      const { rows } = await database.db.query<{ entry: string }>(
        `select e.scope || ' ' || t.name || ' ' || e.key
          || case when e.present then '' when e.deleted then ' deleted' else ' left' end as entry
        from satchel.entries e join satchel.tables t using (table_id)
        order by 1`,
      );
      return rows.map(({ entry }) => entry);
    },
  };
};
