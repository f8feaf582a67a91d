import { type BatchRecord, SatchelError } from '@satchel/protocol';
import { isAdministrator, type Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';

/**
 * A push request as it came and what became of its mutations. Its sender may see it,
 * and administrators.
 *
 * @throws `batch_unknown`, also for a batch that is somebody else's
 */
export const showBatch = async (
  ctx: ServerContext,
  principal: Principal,
  batchId: string,
): Promise<BatchRecord> => {
  const { rows } = await ctx.db.query<BatchRow>(
    `select b.client_id, b.received_at, b.request_id, b.channel, b.body,
            coalesce((select jsonb_agg(jsonb_build_object('id', m.mutation_id, 'state', m.state,
                               'outcome', m.outcome ->> 'outcome') order by m.seq)
                        from satchel.mutations m
                       where m.principal = b.principal and m.batch_id = b.batch_id), '[]') as mutations
       from satchel.batches b
      where b.batch_id = $1 and (b.principal = $2 or $3)
      order by b.received_at desc limit 1`,
    [batchId, principal.id, isAdministrator(ctx.app, principal)],
    'operate_show_batch',
  );
  const row = rows[0];
  if (row === undefined) throw new SatchelError('batch_unknown', { batchId });
  return {
    batchId,
    clientId: row.client_id,
    receivedAt: row.received_at,
    ...(row.request_id === null ? {} : { requestId: row.request_id }),
    channel: row.channel,
    body: row.body,
    mutations: row.mutations.map(({ id, state, outcome }) => ({
      mutationId: id,
      state,
      ...(outcome === null ? {} : { outcome }),
    })),
  };
};

interface BatchRow {
  readonly client_id: string;
  readonly received_at: number;
  readonly request_id: string | null;
  readonly channel: string;
  readonly body: string;
  readonly mutations: readonly {
    readonly id: string;
    readonly state: 'settled' | 'held' | 'review';
    readonly outcome: string | null;
  }[];
}
