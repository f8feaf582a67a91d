import type { PushRequest } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';

/** Where a request came from. */
export interface RequestOrigin {
  readonly requestId?: string;
  readonly address?: string;
  /** It is kept already, in the same form. */
  readonly isKept?: boolean;
}

/** Keeps the request as it came, in a transaction of its own, before anything of it is tried (rule 22). */
export const keepBatch = async (
  ctx: ServerContext,
  principal: Principal,
  request: PushRequest,
  raw: string,
  origin: RequestOrigin,
): Promise<void> => {
  if (origin.isKept === true) return;
  await ctx.db.query(
    `insert into satchel.batches
       (batch_id, principal, client_id, received_at, request_id, address, channel, roles, claims, body)
     values ($1, $2, $3, satchel.now_ms(), $4, $5, $6, $7, $8, $9)
     on conflict do nothing`,
    [
      request.batchId,
      principal.id,
      request.clientId,
      origin.requestId ?? null,
      origin.address ?? null,
      principal.channel,
      [...principal.roles],
      JSON.stringify(principal.claims),
      raw,
    ],
    'push_keep_batch',
  );
};
