import type { ServerContext } from '../context.ts';

/** Acknowledged outcomes stay this long, for edits still on their way that name their mutation as seen. */
const KEEP_ACKED = 3_600_000;
const AT_ONCE = 5_000;

/**
 * Deletes stored outcomes that nobody will ask for again and leaves their seq in the
 * settled ranges of their run, in one transaction. An outcome goes when its client has
 * acknowledged it, or when the client has not been heard of, or the outcome not been
 * touched, for `limits.clientLifetime`. What was refused stays in `satchel.refused`.
 *
 * @returns how many went
 */
export const collectOutcomes = async (ctx: ServerContext): Promise<number> => {
  const now = ctx.clock.now();
  let total = 0;
  for (;;) {
    const { rows } = await ctx.db.query<{ collected: number }>(
      `with doomed as (
         select m.principal, m.mutation_id
           from satchel.mutations m
           left join satchel.runs r on r.client_id = m.client_id and r.run_id = m.run_id
           left join satchel.clients c on c.client_id = m.client_id
          where m.state = 'settled'
            and ((m.received_at < $1 and r.acked @> m.seq)
              or m.received_at < $2
              or coalesce(c.last_heard_at, 0) < $2)
          limit $3
          for update of m skip locked
       ), gone as (
         delete from satchel.mutations m using doomed d
          where m.principal = d.principal and m.mutation_id = d.mutation_id
         returning m.*
       ), refused as (
         insert into satchel.refused (principal, mutation_id, client_id, author, batch_id, received_at, outcome)
         select principal, mutation_id, client_id, author, batch_id, received_at, outcome
           from gone where outcome ->> 'outcome' = 'rejected'
         on conflict do nothing
       ), kept as (
         insert into satchel.runs (client_id, run_id, first_seen_at, last_heard_at, settled)
         select client_id, run_id, min(received_at), max(received_at), range_agg(int8range(seq, seq, '[]'))
           from gone group by client_id, run_id order by client_id, run_id
         on conflict (client_id, run_id) do update set settled = runs.settled + excluded.settled
         returning 1
       )
       select count(*)::int as collected from gone`,
      [now - KEEP_ACKED, now - ctx.app.limits.clientLifetime, AT_ONCE],
      'clients_collect',
    );
    const collected = rows[0]?.collected ?? 0;
    total += collected;
    if (collected < AT_ONCE) return total;
  }
};
