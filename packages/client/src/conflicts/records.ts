import type { Conflict } from '@satchel/protocol';
import type { EngineContext } from '../engine-context.ts';

/** Conflicts as the server last told them, the newest first. */
export const listConflicts = ({ db }: EngineContext): Conflict[] =>
  db
    .prepare('select body from satchel_conflicts order by created_at desc, conflict_id desc')
    .all()
    .map(({ body }) => JSON.parse(body as string) as Conflict);

export const takeConflicts = ({ db }: EngineContext, conflicts: readonly Conflict[]): void => {
  const put = db.prepare(
    'insert into satchel_conflicts (conflict_id,tbl,key,state,created_at,body) values (?,?,?,?,?,?) ' +
      'on conflict(conflict_id) do update set tbl = excluded.tbl, key = excluded.key, state = excluded.state, ' +
      'created_at = excluded.created_at, body = excluded.body',
  );
  for (const conflict of conflicts) {
    put.run([
      conflict.conflictId,
      conflict.table,
      conflict.key,
      conflict.state,
      conflict.createdAt,
      JSON.stringify(conflict),
    ]);
  }
};
