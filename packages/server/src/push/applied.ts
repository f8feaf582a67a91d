import type { Values } from '@satchel/protocol';
import type { AppliedChange } from '@satchel/schema';
import type { ServerContext } from '../context.ts';

/** Entries taken at once. */
const AT_ONCE = 100;
/** Milliseconds for which a node that took entries may work on them before another may. */
const LEASE = 60_000;
/** Longest wait between attempts, in milliseconds. */
const MAX_WAIT = 3_600_000;

interface AppliedRow {
  readonly applied_id: number;
  readonly mutation_id: string;
  readonly user_id: string;
  readonly table_name: string;
  readonly op: AppliedChange['op'];
  readonly key: string;
  readonly before: Values | null;
  readonly after: Values | null;
  readonly attempts: number;
}

/**
 * Runs the app's `onApplied` functions for what was committed: at least once for each,
 * keyed by mutation id (rule 29). What throws comes again, later each time, and never
 * holds up the others.
 *
 * @returns how many entries were done with
 */
export const runApplied = async (ctx: ServerContext): Promise<number> => {
  let total = 0;
  for (;;) {
    const rows = await take(ctx);
    const done: number[] = [];
    for (const row of rows) if (await runOne(ctx, row)) done.push(row.applied_id);
    if (done.length > 0) {
      await ctx.db.query(
        'delete from satchel.applied where applied_id = any($1::bigint[])',
        [done],
        'applied_done',
      );
    }
    total += done.length;
    if (rows.length < AT_ONCE) return total;
  }
};

/** Takes entries on lease: a node that dies over them leaves them to the others. */
const take = async (ctx: ServerContext): Promise<readonly AppliedRow[]> => {
  const { rows } = await ctx.db.query<AppliedRow>(
    `with due as (
       select applied_id from satchel.applied where next_at <= $1
        order by applied_id limit $3 for update skip locked
     ), taken as (
       update satchel.applied a set next_at = $2, attempts = a.attempts + 1
         from due where a.applied_id = due.applied_id
       returning a.applied_id, a.mutation_id, a.user_id, a.table_id, a.op, a.key, a.before, a.after, a.attempts
     )
     select a.applied_id, a.mutation_id, a.user_id, t.name as table_name, a.op, a.key, a.before, a.after, a.attempts
       from taken a join satchel.tables t on t.table_id = a.table_id
      order by a.applied_id`,
    [ctx.clock.now(), ctx.clock.now() + LEASE, AT_ONCE],
    'applied_take',
  );
  return rows;
};

const runOne = async (ctx: ServerContext, row: AppliedRow): Promise<boolean> => {
  const change: AppliedChange = {
    mutationId: row.mutation_id,
    userId: row.user_id,
    table: row.table_name,
    op: row.op,
    key: row.key,
    before: row.before,
    after: row.after,
  };
  try {
    for (const run of ctx.app.onApplied[row.table_name] ?? []) await run(change);
    return true;
  } catch (error) {
    ctx.log.warn(
      { err: error, mutationId: row.mutation_id, table: row.table_name },
      'onApplied failed, it comes again',
    );
    await ctx.db.query(
      'update satchel.applied set next_at = $2 where applied_id = $1',
      [row.applied_id, ctx.clock.now() + Math.min(MAX_WAIT, 1_000 * 2 ** Math.min(row.attempts, 20))],
      'applied_later',
    );
    return false;
  }
};
