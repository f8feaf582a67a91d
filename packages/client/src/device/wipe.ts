import { writeMeta } from '../database/meta.ts';
import type { EngineContext } from '../engine-context.ts';
import { keepInsertedImages } from '../outbox/pending.ts';
import { HOLDS_BASE } from '../pages/base.ts';
import { clearStage } from '../pages/stage.ts';

/** Drops confirmed rows and the cursor. Unsent work stays in the outbox; what it shows goes with the rows. */
export const wipeRows = (context: EngineContext): string[] => {
  const { db, now, tables } = context;
  for (const row of db.prepare("select tbl, key from satchel_changes where op = 'insert'").all()) {
    keepInsertedImages(context, row.tbl as string, row.key as string);
  }
  // What the changes say of the confirmed row stands; the base goes.
  db.prepare(`update satchel_changes as c set confirmed = c.old where ${HOLDS_BASE}`).run();
  for (const { quoted } of tables.values()) db.prepare(`delete from ${quoted}`).run();
  for (const name of [
    'satchel_base',
    'satchel_erased',
    'satchel_unsure',
    'satchel_scopes',
    'satchel_holds',
    'satchel_conflicts',
  ]) {
    db.prepare(`delete from ${name}`).run();
  }
  now.holds.clear();
  clearStage(context);
  for (const name of ['cursor', 'staged-cursor', 'complete', 'checkpoint-at'] as const)
    writeMeta(db, name, null);
  return [...tables.keys()];
};
