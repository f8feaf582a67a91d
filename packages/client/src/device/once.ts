import type { EngineContext } from '../engine-context.ts';

/**
 * Runs `work` unless an earlier run under this id was committed, and keeps what it gave
 * in the same local transaction.
 */
export const runOnce = ({ clock, db }: EngineContext, id: string, work: () => unknown): unknown => {
  const known = db.prepare('select result from satchel_once where id = ?').get([id]);
  if (known) return known.result === null ? undefined : JSON.parse(known.result as string);
  const result = work();
  db.prepare('insert into satchel_once (id, at, result) values (?, ?, ?)').run([
    id,
    clock.now(),
    result === undefined ? null : JSON.stringify(result),
  ]);
  return result;
};
