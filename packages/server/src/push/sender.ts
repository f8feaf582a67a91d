import type { Json } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { Queryable } from '../postgres/database.ts';

/**
 * Who sent a batch, with the rights that its token gave at receipt: for mutations that
 * the server takes up again by itself. Roles that were lost since are looked at where
 * scopes come from the database, not here: what was received was received.
 */
export const senderOf = async (
  db: Queryable,
  principalId: string,
  batchId: string | null,
  userId: string,
): Promise<Principal> => {
  const { rows } = await db.query<{
    channel: string;
    roles: string[];
    claims: Readonly<Record<string, Json>>;
  }>(
    'select channel, roles, claims from satchel.batches where principal = $1 and batch_id = $2',
    [principalId, batchId],
    'push_sender',
  );
  const batch = rows[0];
  return {
    id: principalId,
    userId,
    roles: batch?.roles ?? [],
    channel: batch?.channel ?? '',
    claims: batch?.claims ?? {},
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
};
