import type { EngineContext } from '../engine-context.ts';
import { createDocumentViews, dropDocumentViews } from './document-views.ts';
import { evolveTables } from './evolve.ts';
import { HOLD_COLUMN, type LocalTable, VERSION_COLUMN } from './local-table.ts';
import { readMeta, writeMeta } from './meta.ts';
import { captureMissed } from './missed-writes.ts';
import { captureText, restoreTriggers } from './schema-check.ts';
import { createTable, localIndexes } from './tables.ts';
import { silently } from './transaction.ts';
import { restoreUnique } from './unique-indexes.ts';

/** Makes the app's tables, or brings them to the app's schema, and puts capture on them. */
export const prepareAppTables = (context: EngineContext): void => {
  const { db, tables } = context;
  const tampered: LocalTable[] = [];
  silently(context, () => {
    // Asked before anything is changed: was capture as it was left?
    for (const local of tables.values()) {
      const left = readMeta(db, `capture:${local.name}`);
      if (left !== undefined && left !== captureText(context, local)) tampered.push(local);
    }
    dropDocumentViews(context);
    evolveTables(context);
    for (const local of tables.values()) {
      if (!exists(context, local)) db.exec(createTable(local));
      restoreHidden(context, local);
      for (const { unique, sql } of localIndexes(local)) if (!unique) db.exec(sql);
    }
    restoreUnique(context);
    restoreTriggers(context);
    for (const local of tables.values()) writeMeta(db, `capture:${local.name}`, captureText(context, local));
  });
  createDocumentViews(context);
  captureMissed(context, tampered);
};

const exists = ({ db }: EngineContext, local: LocalTable): boolean =>
  db
    .prepare("select 1 as found from sqlite_schema where type = 'table' and name = ?")
    .get([local.sqlName]) !== undefined;

/** A rebuild by another hand may have left the hidden columns out: then nothing is known of the rows. */
const restoreHidden = ({ db }: EngineContext, local: LocalTable): void => {
  const names = new Set(
    db
      .prepare(`select name from pragma_table_info('${local.sqlName}')`)
      .all()
      .map(({ name }) => name as string),
  );
  for (const name of [VERSION_COLUMN, HOLD_COLUMN]) {
    if (!names.has(name)) db.exec(`alter table ${local.quoted} add column ${name} integer`);
  }
};
