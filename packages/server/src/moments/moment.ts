import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import { currentPosition } from './generation.ts';
import { openGeneration } from './open-generation.ts';

/** A point of this history that a cursor may be made from. */
export interface Moment {
  readonly generation: number;
  /** UTC milliseconds. */
  readonly at: number;
  /** WAL bytes; on disk. */
  readonly lsn: bigint;
  /** Text of `pg_snapshot`. */
  readonly snapshot: string;
}

interface MomentRow {
  readonly generation: number;
  readonly at: number;
  readonly lsn: string;
  readonly snapshot: string;
}

const MOMENT_COLUMNS = `m.generation, m.at, (m.lsn - '0/0'::pg_lsn)::text as lsn, m.snapshot::text as snapshot`;

const momentOf = (row: MomentRow): Moment => ({ ...row, lsn: BigInt(row.lsn) });

/** Milliseconds between two moments; a crash takes back at most so much that was handed out. */
export const MOMENT_EVERY = 1_000;

/**
 * The statement's snapshot is taken before it gets a transaction id, so the moment does
 * not call itself finished; the log's position is read after the snapshot.
 * Nothing happened since the newest moment when no transaction ended but its own.
 */
const RECORD = `
insert into satchel.moments as m (generation, at, lsn, snapshot)
select $1, satchel.now_ms(), pg_current_wal_insert_lsn(), pg_current_snapshot()
where $2 or not exists (
  select from (select at, generation, snapshot from satchel.moments order by moment_id desc limit 1) n
  where n.generation = $1
    and (n.at > satchel.now_ms() - $3
      or pg_snapshot_xmax(pg_current_snapshot())::text::numeric <= pg_snapshot_xmax(n.snapshot)::text::numeric + 1
        and array(select pg_snapshot_xip(pg_current_snapshot())) = array(select pg_snapshot_xip(n.snapshot))))
returning ${MOMENT_COLUMNS}`;

/**
 * Notes this moment; to be called each second. Does nothing while nothing happens, or
 * when another node was there within the second, unless `force` is set: then it is
 * also the small commit that flushes the log.
 */
export const recordMoment = async (ctx: ServerContext, force = false): Promise<Moment | undefined> => {
  for (;;) {
    // The generation is checked in the same transaction: a moment of a history that was
    // put back, noted under the old generation, would claim that lost work survived.
    const done = await ctx.db.transaction('write', async (tx) => {
      const position = await currentPosition(ctx, tx);
      if (position === undefined) return undefined;
      const { rows } = await tx.query<MomentRow>(
        RECORD,
        [position.generation.generation, force, MOMENT_EVERY],
        'moments_record',
      );
      return { rows };
    });
    if (done !== undefined) return done.rows.map(momentOf)[0];
    await openGeneration(ctx);
  }
};

/** The newest moment at or before `time` (UTC milliseconds); `undefined` when none is so old. */
export const momentAt = async (db: Queryable, time: number): Promise<Moment | undefined> => {
  const { rows } = await db.query<MomentRow>(
    `select ${MOMENT_COLUMNS} from satchel.moments m where m.at <= $1 order by m.at desc, m.moment_id desc limit 1`,
    [time],
    'moments_at',
  );
  return rows.map(momentOf)[0];
};

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Thins out old moments: all of the last hour stay, then one a minute for a day, one an
 * hour after, none of before `keepFor` (milliseconds) but the newest. Returns how many went.
 */
export const thinMoments = async (ctx: ServerContext, keepFor: number = 100 * DAY): Promise<number> => {
  const { rowCount } = await ctx.db.query(
    `delete from satchel.moments m using (
      select moment_id, at,
        row_number() over (partition by at / case when at > satchel.now_ms() - ${DAY} then ${MINUTE} else ${HOUR} end
          order by moment_id desc) as place
      from satchel.moments
      where at <= satchel.now_ms() - ${HOUR}
        and moment_id < (select max(moment_id) from satchel.moments)
    ) o
    where m.moment_id = o.moment_id and (o.place > 1 or o.at < satchel.now_ms() - $1)`,
    [keepFor],
    'moments_thin',
  );
  return rowCount;
};
