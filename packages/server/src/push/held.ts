import { SatchelError } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import { announce } from '../live/announce.ts';
import { existingKeys } from './load-probe.ts';
import { keyOfAddress, tableOf } from './row-address.ts';
import { runJob } from './run-job.ts';
import { prepareWaiting, WAITING_COLUMNS, type WaitingRow } from './waiting.ts';
import type { NetEffect } from './write-rows.ts';

const DAY = 86_400_000;
/** Held mutations looked at in one round. */
const AT_ONCE = 2_000;

/**
 * Tries mutations again whose row has come, also by plain SQL, and gives up on those
 * that have waited for `limits.heldFor` (rule 26). One that comes may be what another
 * waits for: rounds go on until nothing moves.
 *
 * @returns how many were settled
 */
export const runHeld = async (ctx: ServerContext): Promise<number> => {
  let total = 0;
  for (;;) {
    const rows = await readHeld(ctx);
    const due = [...(await arrived(ctx, rows)), ...rows.filter(({ until }) => until <= ctx.clock.now())];
    const settled = await release(ctx, [...new Set(due)]);
    total += settled;
    if (settled === 0) return total;
  }
};

/** After a batch: looks only at those that wait for rows which it made. */
export const releaseHeldBy = async (ctx: ServerContext, effects: readonly NetEffect[]): Promise<void> => {
  const made = effects.flatMap(({ address, before, after }) =>
    before === null && after !== null ? [address] : [],
  );
  if (made.length === 0) return;
  const { rows } = await ctx.db.query<{ some: boolean }>(
    `select exists (select from unnest($1::smallint[], $2::text[]) k(table_id, key)
                      join satchel.held h on h.parent_table = k.table_id and h.parent_key = k.key) as some`,
    [made.map((address) => ctx.tableIds.get(tableOf(address))), made.map(keyOfAddress)],
    'push_held_by',
  );
  if (rows[0]?.some) await runHeld(ctx);
};

interface HeldRow extends WaitingRow {
  readonly parent_table: string;
  readonly parent_key: string;
  readonly until: number;
}

const readHeld = async (ctx: ServerContext): Promise<readonly HeldRow[]> => {
  const { rows } = await ctx.db.query<HeldRow>(
    `select ${WAITING_COLUMNS}, t.name as parent_table, h.parent_key, h.until
       from satchel.held h
       join satchel.tables t on t.table_id = h.parent_table
       join satchel.mutations m on m.principal = h.principal and m.mutation_id = h.mutation_id
      where m.state = 'held'
      order by m.received_at, m.seq
      limit $1`,
    [AT_ONCE],
    'push_read_held',
  );
  return rows;
};

const arrived = async (ctx: ServerContext, rows: readonly HeldRow[]): Promise<readonly HeldRow[]> => {
  const found: HeldRow[] = [];
  for (const [name, table] of Object.entries(ctx.app.tables)) {
    const own = rows.filter(({ parent_table }) => parent_table === name);
    if (own.length === 0) continue;
    const there = new Set(await existingKeys(ctx.db, table, [...new Set(own.map((row) => row.parent_key))]));
    found.push(...own.filter((row) => there.has(row.parent_key)));
  }
  return found;
};

const release = async (ctx: ServerContext, rows: readonly HeldRow[]): Promise<number> => {
  if (rows.length === 0) return 0;
  const held = new Map(rows.map((row) => [row.mutation_id, row]));
  const isOver = (row: HeldRow): boolean => row.until <= ctx.clock.now();
  const groups = await prepareWaiting(ctx, ctx.db, rows, ({ mutation_id }) => {
    const row = held.get(mutation_id)!;
    return isOver(row) ? { until: row.until, refused: expired(ctx, row) } : { until: row.until };
  });
  let settled = 0;
  for (const { principal, submitted } of groups) {
    const done = await runJob(ctx, {
      principal,
      source: 'push',
      batchId: null,
      submitted,
      outstandingFrom: new Map(),
      releases: 'held',
      rulings: new Map(),
    });
    for (const answer of done.answers.values()) if (answer.kind === 'outcome') settled++;
    announce(ctx);
  }
  return settled;
};

const expired = (ctx: ServerContext, row: HeldRow) => {
  const [table, key] = row.body.rows[0] ?? ['', ''];
  return new SatchelError('held_expired', {
    table,
    key,
    days: Math.round(ctx.app.limits.heldFor / DAY),
    parentTable: row.parent_table,
    parentKey: row.parent_key,
  }).toProblem();
};
