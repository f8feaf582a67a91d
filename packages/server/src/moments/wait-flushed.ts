import type { ServerContext } from '../context.ts';
import { recordMoment } from './moment.ts';

/** Flushes under way, by pool: those who wait share one. */
const flushes = new WeakMap<object, Promise<unknown>>();

const isFlushed = async (ctx: ServerContext, lsn: bigint): Promise<boolean> => {
  const { rows } = await ctx.db.query<{ flushed: boolean }>(
    `select case when pg_is_in_recovery() then true
      else pg_current_wal_flush_lsn() >= '0/0'::pg_lsn + $1::numeric end as flushed`,
    [lsn.toString()],
    'moments_flushed',
  );
  return rows[0]?.flushed === true;
};

/**
 * Resolves when the log is on disk up to `lsn` (`Position.lsn`): only then may the
 * snapshot that was taken before it leave the server. After a crash PostgreSQL gives
 * transaction ids again that a snapshot had called finished, unless their end is in
 * the log (rule 43).
 *
 * Where nobody commits, a moment is noted: the small commit that flushes the log. Its
 * record comes after `lsn`, so one is enough, and all who wait share it.
 */
export const waitFlushed = async (
  ctx: ServerContext,
  position: { readonly lsn: bigint; readonly flushed?: boolean },
): Promise<void> => {
  if (position.flushed === true) return;
  while (!(await isFlushed(ctx, position.lsn))) {
    let flush = flushes.get(ctx.db);
    if (flush === undefined) {
      flush = recordMoment(ctx, true).finally(() => flushes.delete(ctx.db));
      flushes.set(ctx.db, flush);
    }
    await flush;
  }
};
