import type { PushRequest } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import { type AskWho, type KnownClient, WHO } from '../clients/heard.ts';

/** Where a request came from. */
export interface RequestOrigin {
  readonly requestId?: string;
  readonly address?: string;
  /** It is kept already, in the same form. */
  readonly isKept?: boolean;
}

/**
 * Asks who speaks and keeps the request as it came, in one statement and so in a
 * transaction of its own, before anything of it is tried (rule 22). Nothing is kept of a
 * client that is not the principal's own, is locked out, or is not registered yet.
 */
export const keepBatch =
  (principal: Principal, request: PushRequest, raw: string, origin: RequestOrigin): AskWho =>
  async (tx, { clientId, runId }) => {
    const { rows } = await tx.query<KnownClient>(
      KEEP_BATCH,
      [
        clientId,
        runId ?? null,
        request.batchId,
        principal.id,
        origin.requestId ?? null,
        origin.address ?? null,
        principal.channel,
        [...principal.roles],
        JSON.stringify(principal.claims),
        raw,
      ],
      'push_keep_batch',
    );
    return rows[0];
  };

const KEEP_BATCH = `
  with kept as (
    insert into satchel.batches
      (batch_id, principal, client_id, received_at, request_id, address, channel, roles, claims, body)
    select $3::uuid, $4::text, c.client_id, satchel.now_ms(), $5::text, $6::text, $7::text, $8::text[], $9::jsonb, $10::text
      from satchel.clients c
     where c.client_id = $1 and c.principal = $4 and c.revoked is null
    on conflict do nothing
  )
  ${WHO}`;
