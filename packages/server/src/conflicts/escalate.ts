import { type Conflict, SatchelError } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { readConflict } from './conflict-row.ts';
import { conflictInSight } from './list.ts';
import { shownConflict } from './sight.ts';

/**
 * Hands an open conflict to the administrators. Whoever sees it may do so.
 *
 * @throws `conflict_unknown`, `conflict_settled`
 */
export const escalateConflict = async (
  ctx: ServerContext,
  principal: Principal,
  conflictId: string,
  note: string | undefined,
): Promise<Conflict> => {
  // The administrators alone decide from now on: a role that could is told what it saw.
  const { reach } = await conflictInSight(ctx, principal, conflictId);
  return await ctx.db.transaction('write', async (tx) => {
    const row = await readConflict(tx, conflictId, true);
    if (row === undefined || row.state === 'settled')
      throw new SatchelError('conflict_settled', { conflictId });
    await tx.query(
      `update satchel.conflicts
          set state = 'escalated', decision = 'escalated', decided_who = '"administrators"',
              decided_by = $2, note = coalesce($3, note), decided_at = satchel.now_ms()
        where conflict_id = $1`,
      [conflictId, principal.userId, note ?? null],
      'conflicts_escalate',
    );
    const escalated = await readConflict(tx, conflictId, false);
    return shownConflict(ctx, principal, escalated ?? row, reach);
  });
};
