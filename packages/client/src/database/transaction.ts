import type { EngineContext } from '../engine-context.ts';

/** Runs `work` as one local transaction: all of it or nothing. */
export const inTransaction = <T>(context: EngineContext, durability: 'full' | 'normal', work: () => T): T => {
  const { db, now } = context;
  // A step of a larger transaction: it ends with that one.
  if (now.open) return work();
  db.setDurability(durability);
  db.prepare('begin immediate').run();
  // What is known in memory goes back with the database.
  const before = { clientId: now.clientId, runId: now.runId, seq: now.seq, hlc: now.hlc };
  now.open = true;
  try {
    const result = work();
    db.prepare('commit').run();
    now.open = false;
    return result;
  } catch (error) {
    Object.assign(now, before);
    now.open = false;
    now.silent = false;
    now.holds.clear();
    rollback(context);
    throw error;
  }
};

/** The same with capture and the app's triggers silent: for what comes from the server. */
export const applying = <T>(context: EngineContext, durability: 'full' | 'normal', work: () => T): T =>
  inTransaction(context, durability, () => silently(context, work));

/** Runs a part of a local transaction with capture and the app's triggers silent. */
export const silently = <T>({ db, now }: EngineContext, work: () => T): T => {
  if (now.silent) return work();
  const setMode = db.prepare('update satchel_txn set mode = ?');
  setMode.run(['apply']);
  now.silent = true;
  // Not in a `finally`: what throws here takes the transaction with it.
  const result = work();
  now.silent = false;
  setMode.run(['write']);
  return result;
};

/** SQLite has rolled back by itself after a full disk and the like: then there is nothing to do. */
const rollback = ({ db }: EngineContext): void => {
  try {
    db.prepare('rollback').run();
  } catch {
    // The error that brought us here is the one to tell.
  }
};
