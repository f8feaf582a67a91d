import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import { currentPosition } from './generation.ts';
import { MOMENT_COLUMNS, type Moment, type MomentRow, momentOf, noteMoment } from './note-moment.ts';
import { openGeneration } from './open-generation.ts';

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
      return { moment: await noteMoment(tx, position.generation.generation, force) };
    });
    if (done !== undefined) return done.moment;
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
