import type { ServerContext } from '../context.ts';

/** A page, or a round of live pages, that brought devices up to date. */
export interface Delivery {
  /** A snapshot that the devices had everything of. */
  readonly since: string;
  readonly devices: number;
  /** UTC milliseconds. */
  readonly at: number;
}

/** At most one of this many milliseconds is written down: a figure, not a log. */
const EVERY = 1_000;

interface Kept {
  next: number;
  readonly deliveries: Delivery[];
}
const waiting = new WeakMap<ServerContext, Kept>();

/** Notes, now and then, that devices were handed what was new to them. */
export const noteDelivery = (ctx: ServerContext, delivery: Delivery): void => {
  const kept = waiting.get(ctx) ?? { next: 0, deliveries: [] };
  waiting.set(ctx, kept);
  if (delivery.at < kept.next) return;
  kept.next = delivery.at + EVERY;
  kept.deliveries.push(delivery);
};

/**
 * Writes down how old the oldest news of each delivery was: it was written before the
 * first moment that the devices did not have all of, so the figure is at most a
 * moment's distance (a second) too low.
 */
export const flushDeliveries = async (ctx: ServerContext): Promise<void> => {
  const deliveries = waiting.get(ctx)?.deliveries.splice(0) ?? [];
  if (deliveries.length === 0) return;
  await ctx.db.query(
    `insert into satchel.deliveries (at, devices, lag)
     select d.at, d.devices, greatest(0, d.at - coalesce((
              select m.at from satchel.moments m
               where m.at <= d.at and pg_snapshot_xmax(m.snapshot) > pg_snapshot_xmax(d.since::pg_snapshot)
               order by m.at limit 1), d.at))
       from json_to_recordset($1::json) as d(at bigint, devices integer, since text)`,
    [JSON.stringify(deliveries)],
    'operate_deliveries',
  );
};
