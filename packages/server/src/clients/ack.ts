import { type AckRequest, type AckResponse, SatchelError, type SeqRanges } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import { rangesToSql } from './seq-text.ts';

/**
 * What the client has durably settled: its stored outcomes need not be kept for a repeat.
 *
 * @throws `client_unknown`, `client_of_other_user`
 */
export const ack = async (
  ctx: ServerContext,
  principal: Principal,
  request: AckRequest,
): Promise<AckResponse> => {
  await ctx.db.transaction('write', async (tx) => {
    const { rows } = await tx.query<{ principal: string }>(
      'select principal from satchel.clients where client_id = $1',
      [request.clientId],
      'clients_owner',
    );
    const owner = rows[0];
    if (owner === undefined) throw new SatchelError('client_unknown', { clientId: request.clientId });
    if (owner.principal !== principal.id) {
      throw new SatchelError('client_of_other_user', { clientId: request.clientId });
    }
    await recordAcked(tx, request.clientId, request.settled);
  });
  return { serverTime: ctx.clock.now() };
};

/** Adds to the acknowledged ranges; runs that the server never heard of are passed over. */
export const recordAcked = async (
  tx: Queryable,
  clientId: string,
  settled: readonly SeqRanges[],
): Promise<void> => {
  // In the order of their ids: two requests of one client must not wait for each other.
  const runs = settled
    .filter(({ ranges }) => ranges.length > 0)
    .sort((a, b) => (a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0));
  for (const { runId, ranges } of runs) {
    await tx.query(
      `update satchel.runs set acked = acked + $3::int8multirange
        where client_id = $1 and run_id = $2 and not acked @> $3::int8multirange`,
      [clientId, runId, rangesToSql(ranges)],
      'clients_ack',
    );
  }
};
