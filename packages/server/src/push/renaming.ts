import type { PushRequest } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';

/**
 * Notes from where on a run uses the keys of `new-key` outcomes (rule 64). It is about
 * those that the client knows of: the first time that it names a seq, all until now;
 * later, those whose insert it has settled.
 */
export const noteRenaming = async (
  ctx: ServerContext,
  { clientId, runId, renamedFrom, outstandingFrom }: PushRequest,
): Promise<void> => {
  if (renamedFrom === undefined) return;
  await ctx.db.query(
    `with said as (
       update satchel.runs set renamed_from = $3
        where client_id = $1 and run_id = $2 and coalesce(renamed_from, 0) < $3
       returning 1
     )
     update satchel.renames set renamed_run = $2, renamed_from = $3
      where client_id = $1 and renamed_run is null
        and (exists (select from said) or (run_id = $2 and seq < $4::bigint))`,
    [clientId, runId, renamedFrom, outstandingFrom ?? null],
    'push_renaming',
  );
};

/**
 * The same for a client that does not say so itself: it knows of the renames that its
 * snapshot sees, from `seq` on.
 */
export const noteKnownRenames = async (
  tx: Queryable,
  { clientId, runId }: Pick<PushRequest, 'clientId' | 'runId'>,
  snapshot: string,
  seq: number,
): Promise<void> => {
  await tx.query(
    `update satchel.renames r set renamed_run = $2, renamed_from = $3
      where r.client_id = $1 and r.renamed_run is null
        and exists (select from satchel.mutations m
                     where m.client_id = r.client_id and m.run_id = r.run_id and m.seq = r.seq
                       and pg_visible_in_snapshot(m.xid, $4::pg_snapshot))`,
    [clientId, runId, seq, snapshot],
    'push_known_renames',
  );
};
