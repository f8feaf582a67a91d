import type { EngineContext } from '../engine-context.ts';
import { readMeta, writeMeta } from './meta.ts';
import { restoreTriggers } from './schema-check.ts';
import { createTable, localIndexes } from './tables.ts';
import { applying } from './transaction.ts';
import { restoreUnique } from './unique-indexes.ts';

/** Makes the app's tables, or brings them to the app's schema, and puts capture on them. */
export const prepareAppTables = (context: EngineContext): void => {
  const { app, db, tables } = context;
  applying(context, 'full', () => {
    for (const local of tables.values()) {
      const there = db
        .prepare("select 1 as found from sqlite_schema where type = 'table' and name = ?")
        .get([local.sqlName]);
      if (!there) db.exec(createTable(local));
      for (const { unique, sql } of localIndexes(local)) if (!unique) db.exec(sql);
    }
    restoreUnique(context);
    restoreTriggers(context);
    if (readMeta(db, 'schema-version') !== app.schemaVersion)
      writeMeta(db, 'schema-version', app.schemaVersion);
  });
};
