import { parseSnapshot } from '@satchel/core';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';

const HOUR = 3_600_000;
/** Entries pruned in one transaction. */
const BATCH = 10_000;

export interface Pruned {
  readonly entries: number;
}

/**
 * Takes a snapshot each hour, and deletes the tombstones that every live client has
 * received, or that are older than a client may be away (rules 25 and 46).
 */
export const prune = async (ctx: ServerContext): Promise<Pruned> => {
  const now = ctx.clock.now();
  await ctx.db.transaction('write', (tx) => storeHour(tx, now));
  const horizon = await findHorizon(ctx, now);
  if (horizon === undefined) return { entries: 0 };
  let entries = 0;
  for (;;) {
    const pruned = await pruneSome(ctx, horizon);
    entries += pruned;
    if (pruned < BATCH) break;
  }
  await ctx.db.query(
    `delete from satchel.hours
     where at < (select h.at from satchel.hours h where h.snapshot::text = $1 order by h.at desc limit 1)`,
    [horizon],
  );
  return { entries };
};

/** One snapshot for each hour. A later one in the same hour says nothing new. */
const storeHour = async (tx: Queryable, now: number): Promise<void> => {
  await tx.query(
    `insert into satchel.hours (at, snapshot) values ($1, pg_current_snapshot()) on conflict do nothing`,
    [Math.floor(now / HOUR) * HOUR],
  );
};

/**
 * The newest hour of which nothing is needed any more. All that it knows of has ended,
 * or a transaction that is still open would keep every new cursor behind it. It is over,
 * so that no live session, which is never an hour behind, needs what goes. A client that
 * never came back with a cursor needs nothing.
 */
const findHorizon = async (ctx: ServerContext, now: number): Promise<string | undefined> => {
  const { clientLifetime } = ctx.app.limits;
  const { rows } = await ctx.db.query<{ snapshot: string }>(
    `select h.snapshot::text as snapshot
     from satchel.hours h
     where pg_snapshot_xmax(h.snapshot) <= pg_snapshot_xmin(pg_current_snapshot())
       and h.at <= $1 - $3::bigint
       and (h.at <= $1 - $2::bigint or not exists (
         select 1 from satchel.clients c
         where c.last_heard_at > $1 - $2::bigint and c.revoked is null
           and c.holds_below < pg_snapshot_xmax(h.snapshot)))
     order by h.at desc
     limit 1`,
    [now, clientLifetime, HOUR],
  );
  return rows[0]?.snapshot;
};

const pruneSome = async (ctx: ServerContext, horizon: string): Promise<number> => {
  const { xmax, xip } = parseSnapshot(horizon);
  const { rows } = await ctx.db.transaction('write', (tx) =>
    tx.query<{ entries: number }>(
      `with doomed as (
         select e.table_id, e.key, e.scope from satchel.entries e
         where not e.present and e.xid < $1::xid8 and not e.xid = any($2::xid8[])
         order by e.xid
         limit $3
         for update skip locked
       ), gone as (
         delete from satchel.entries e using doomed d
         where e.table_id = d.table_id and e.key = d.key and e.scope = d.scope
         returning e.scope
       ), marked as (
         insert into satchel.horizons (scope, snapshot)
         select g.scope, $4::pg_snapshot from (select distinct scope from gone) g order by g.scope
         on conflict (scope) do update set snapshot = excluded.snapshot
       )
       select count(*)::int as entries from gone`,
      [String(xmax), xip.map(String), BATCH, horizon],
    ),
  );
  return rows[0]?.entries ?? 0;
};
