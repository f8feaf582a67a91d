import { SatchelError } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { announce } from '../live/announce.ts';
import { inTransaction } from '../push/run-job.ts';
import { type ConflictRow, readConflict } from './conflict-row.ts';
import { type Settlement, settleConflict } from './settle-conflict.ts';

/** Expired conflicts settled in one run. */
const AT_ONCE = 500;

/**
 * Settles reviews to which nobody came in time, as their policy says (`then`). Where
 * the client's side cannot be carried out any more, its mutation is refused.
 *
 * @returns how many were settled
 */
export const expireConflicts = async (ctx: ServerContext): Promise<number> => {
  const { rows } = await ctx.db.query<{ conflict_id: string }>(
    `select conflict_id from satchel.conflicts
      where state <> 'settled' and expires_at is not null and expires_at <= $1
      order by expires_at limit $2`,
    [ctx.clock.now(), AT_ONCE],
    'conflicts_due',
  );
  let settled = 0;
  for (const { conflict_id } of rows) {
    try {
      if (await expireOne(ctx, conflict_id, false)) settled++;
    } catch (error) {
      if (!(error instanceof SatchelError) || error.retry === 'later') throw error;
      if (await expireOne(ctx, conflict_id, true)) settled++;
    }
  }
  if (settled > 0) announce(ctx);
  return settled;
};

const expireOne = (ctx: ServerContext, conflictId: string, refuse: boolean): Promise<boolean> =>
  inTransaction(ctx, async (tx) => {
    const row = await readConflict(tx, conflictId, true);
    // A person was quicker.
    if (row === undefined || row.state === 'settled') return false;
    await settleConflict(ctx, tx, row, settlementOf(ctx, row, refuse));
    return true;
  });

const settlementOf = (ctx: ServerContext, row: ConflictRow, refuse: boolean): Settlement => {
  const isRefused = refuse || row.expire_then === 'reject';
  const problem = new SatchelError('review_expired', { table: row.table_name, key: row.key }).toProblem();
  return {
    decision: row.expire_then === 'client-wins' && !isRefused ? 'accept-client' : 'accept-server',
    fields: {},
    principal: policyItself(ctx),
    decidedBy: 'policy',
    source: 'expire',
    isTrusted: true,
    ...(isRefused ? { refused: problem } : {}),
  };
};

const policyItself = (ctx: ServerContext): Principal => ({
  id: 'satchel',
  userId: 'policy',
  roles: ctx.app.administrators,
  channel: '',
  claims: {},
  expiresAt: Number.MAX_SAFE_INTEGER,
});
