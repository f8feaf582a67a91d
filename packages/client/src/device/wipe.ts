import { writeMeta } from '../database/meta.ts';
import type { EngineContext } from '../engine-context.ts';
import { RowSet } from '../outbox/pending.ts';
import { clearStage } from '../pages/stage.ts';

/** Drops confirmed rows and the cursor. Unsent work stays in the outbox; what it shows goes with the rows. */
export const wipeRows = (context: EngineContext): string[] => {
  const { db, now, tables } = context;
  const touched = new RowSet();
  for (const local of tables.values()) {
    db.prepare(`delete from ${local.quoted}`).run();
    touched.add(local.name, '');
  }
  for (const name of ['satchel_base', 'satchel_scopes', 'satchel_holds', 'satchel_conflicts']) {
    db.prepare(`delete from ${name}`).run();
  }
  now.holds.clear();
  clearStage(context);
  for (const name of ['cursor', 'staged-cursor', 'complete', 'checkpoint-at'] as const)
    writeMeta(db, name, null);
  return [...tables.keys()];
};
