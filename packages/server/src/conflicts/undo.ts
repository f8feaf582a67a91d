import { equalJson } from '@satchel/core';
import { type Conflict, SatchelError } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { announce } from '../live/announce.ts';
import { rowAddress } from '../push/row-address.ts';
import { inTransaction } from '../push/run-job.ts';
import { showConflict } from './list.ts';
import { lockForDecision } from './resolve.ts';
import { readRow, writeOrThrow } from './settle-conflict.ts';

/**
 * Takes a decision back, a person's or a policy's: the row is as it was before, the
 * conflict is open again and can be decided otherwise. Only while nobody has changed
 * the row since.
 *
 * @throws `conflict_unknown`, `not_administrator`, `conflict_undo_blocked`
 */
export const undoConflict = async (
  ctx: ServerContext,
  principal: Principal,
  conflictId: string,
): Promise<Conflict> => {
  await inTransaction(ctx, async (tx) => {
    const row = await lockForDecision(ctx, tx, principal, conflictId);
    const address = rowAddress(row.table_name, row.key);
    const now = await readRow(ctx, tx, address);
    if (row.state !== 'settled' || (now.version || null) !== row.version) {
      throw new SatchelError('conflict_undo_blocked', { conflictId });
    }
    const isSame =
      now.values === null || row.undo === null ? now.values === row.undo : equalJson(now.values, row.undo);
    const version = isSame
      ? undefined
      : await writeOrThrow(ctx, tx, row, address, now.values, row.undo, { source: 'undo', principal });
    await tx.query(
      `update satchel.conflicts
          set state = 'open', decision = null, fields = null, decided_by = null, decided_at = null, note = null,
              expires_at = null, expire_then = null, result = null, undo = $2, version = $3,
              flags = case when 'undone' = any(flags) then flags else flags || 'undone'::text end
        where conflict_id = $1`,
      [conflictId, now.values === null ? null : JSON.stringify(now.values), version ?? row.version],
      'conflicts_undo',
    );
  });
  announce(ctx);
  return showConflict(ctx, principal, conflictId);
};
