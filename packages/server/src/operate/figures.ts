import type { Figures } from '@satchel/protocol';
import { VISIT } from '../clients/runs-told.ts';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import { flushFigures } from './figures-kept.ts';

/** Work that arrived sooner than this after it was written did not wait for a network. Milliseconds. */
const OFFLINE_FROM = 60_000;
const DAY = 86_400_000;
/** Users listed with their queues, and with their time offline. */
const USERS = 500;

/** What came of sync between two times (default: the last 24 hours), for administrators. */
export const readFigures = async (
  ctx: ServerContext,
  asked: { readonly since?: number; readonly until?: number },
): Promise<Figures> => {
  await flushFigures(ctx);
  const until = asked.until ?? ctx.clock.now() + 1;
  const since = asked.since ?? until - DAY;
  return await ctx.db.transaction('snapshot', async (tx) => {
    const span = [since, until] as const;
    const changes = await readChanges(tx, span);
    return {
      since,
      until,
      syncs: await readSyncs(tx, span),
      changes,
      conflicts: await readConflicts(tx, span, changes.received),
      failures: await readFailures(tx, span),
      offline: await readOffline(tx, span),
      consistency: await readConsistency(tx, span),
      queues: await readQueues(tx),
    };
  });
};

/** Of them, those of the last 24 hours that `/metrics` shows. */
export const readDailyFigures = async (
  ctx: ServerContext,
): Promise<Pick<Figures, 'syncs' | 'conflicts' | 'consistency'>> => {
  await flushFigures(ctx);
  const until = ctx.clock.now() + 1;
  const span = [until - DAY, until] as const;
  return await ctx.db.transaction('snapshot', async (tx) => ({
    syncs: await readSyncs(tx, span),
    conflicts: await readConflicts(tx, span, (await readChanges(tx, span)).received),
    consistency: await readConsistency(tx, span),
  }));
};

type Span = readonly [since: number, until: number];

const rateOf = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

const readSyncs = async (tx: Queryable, span: Span): Promise<Figures['syncs']> => {
  const { rows } = await tx.query<{
    total: number;
    succeeded: number;
    mean: number | null;
    p95: number | null;
    sent: number;
    received: number;
  }>(
    `select count(*)::int as total, (count(*) filter (where problem is null))::int as succeeded,
            avg(ended_at - started_at)::float8 as mean,
            percentile_disc(0.95) within group (order by ended_at - started_at) as p95,
            coalesce(sum(sent_bytes), 0)::bigint as sent, coalesce(sum(received_bytes), 0)::bigint as received
       from satchel.syncs where told_at >= $1 and told_at < $2 and trigger <> $3`,
    [...span, VISIT],
    'figures_syncs',
  );
  const row = rows[0]!;
  return {
    total: row.total,
    succeeded: row.succeeded,
    successRate: rateOf(row.succeeded, row.total),
    meanMs: row.mean,
    p95Ms: row.p95,
    sentBytes: row.sent,
    receivedBytes: row.received,
  };
};

const readChanges = async (tx: Queryable, span: Span): Promise<Figures['changes']> => {
  const { rows } = await tx.query<{ outcome: keyof Figures['changes']; n: number }>(
    `select outcome, sum(changes)::int as n from satchel.received
      where at >= $1 and at < $2 and column_name is null group by outcome`,
    span,
    'figures_changes',
  );
  const counted = { received: 0, applied: 0, merged: 0, superseded: 0, review: 0, rejected: 0 };
  for (const { outcome, n } of rows) {
    counted[outcome] += n;
    counted.received += n;
  }
  return counted;
};

const readConflicts = async (tx: Queryable, span: Span, received: number): Promise<Figures['conflicts']> => {
  const { rows } = await tx.query<{
    table: string;
    column: string | null;
    changes: number;
    conflicts: number;
  }>(
    `with clashed as (
       select table_id, null::text as column_name, count(*) as n from satchel.conflicts
        where created_at >= $1 and created_at < $2 group by table_id
       union all
       select k.table_id, c.name, count(*) from satchel.conflicts k cross join unnest(k.columns) c(name)
        where k.created_at >= $1 and k.created_at < $2 and k.kind = 'update' group by k.table_id, c.name
     ), came as (
       select table_id, column_name, sum(changes) as n from satchel.received
        where at >= $1 and at < $2 group by table_id, column_name
     )
     select t.name as table, coalesce(a.column_name, b.column_name) as column,
            coalesce(b.n, 0)::int as changes, coalesce(a.n, 0)::int as conflicts
       from clashed a
       full join came b on b.table_id = a.table_id and coalesce(b.column_name, '') = coalesce(a.column_name, '')
       join satchel.tables t on t.table_id = coalesce(a.table_id, b.table_id)
      order by coalesce(a.n, 0) desc, t.name, 2`,
    span,
    'figures_conflicts',
  );
  const told = rows.map((row) => ({ ...row, rate: rateOf(row.conflicts, row.changes) }));
  const byTable = told.filter(({ column }) => column === null);
  const total = byTable.reduce((sum, { conflicts }) => sum + conflicts, 0);
  return {
    total,
    rate: rateOf(total, received),
    byTable: byTable.map(({ column: _, ...row }) => row),
    byColumn: told.flatMap(({ column, ...row }) => (column === null ? [] : [{ ...row, column }])),
  };
};

const readFailures = async (tx: Queryable, span: Span): Promise<Figures['failures']> => {
  const { rows } = await tx.query<Figures['failures'][number]>(
    `select code, sum(syncs)::int as syncs, sum(changes)::int as changes
       from (select problem as code, 1 as syncs, 0 as changes from satchel.syncs
              where told_at >= $1 and told_at < $2 and problem is not null
             union all
             select problem, 0, changes from satchel.received
              where at >= $1 and at < $2 and column_name is null and problem is not null) f
      group by code order by sum(syncs) + sum(changes) desc, code`,
    span,
    'figures_failures',
  );
  return rows;
};

/** Each device's spans of waiting, those that overlap made one. */
const readOffline = async (tx: Queryable, span: Span): Promise<Figures['offline']> => {
  const { rows } = await tx.query<{ user_id: string; changes: number; total: number; longest: number }>(
    `with waits as (
       select client_id, at - waited as began, at as ended, changes from satchel.received
        where at >= $1 and at < $2 and column_name is null and waited >= $3
     ), marked as (
       select *, case when began <= max(ended) over (partition by client_id order by began, ended
                   rows between unbounded preceding and 1 preceding) then 0 else 1 end as opens
         from waits
     ), spans as (
       select client_id, sum(changes) as changes, max(ended) - min(began) as length
         from (select *, sum(opens) over (partition by client_id order by began, ended) as no from marked) m
        group by client_id, no
     )
     select c.user_id, sum(s.changes)::int as changes, sum(s.length)::bigint as total, max(s.length) as longest
       from spans s join satchel.clients c on c.client_id = s.client_id
      group by c.user_id order by 3 desc, 1 limit $4`,
    [...span, OFFLINE_FROM, USERS],
    'figures_offline',
  );
  return rows.map(({ user_id, changes, total, longest }) => ({
    userId: user_id,
    changes,
    totalMs: total,
    longestMs: longest,
  }));
};

/** Percentiles over devices: a page to a hundred of them counts a hundred times. */
const readConsistency = async (tx: Queryable, span: Span): Promise<Figures['consistency']> => {
  const { rows } = await tx.query<{
    samples: number;
    devices: number;
    p50: number | null;
    p95: number | null;
    most: number | null;
  }>(
    `with ordered as (
       select lag, devices, sum(devices) over (order by lag rows unbounded preceding) as upto,
              sum(devices) over () as whole
         from satchel.deliveries where at >= $1 and at < $2
     )
     select count(*)::int as samples, coalesce(sum(devices), 0)::int as devices,
            min(lag) filter (where upto >= whole * 0.5) as p50,
            min(lag) filter (where upto >= whole * 0.95) as p95, max(lag) as most
       from ordered`,
    span,
    'figures_consistency',
  );
  const { samples, devices, p50, p95, most } = rows[0]!;
  return { samples, devices, p50Ms: p50, p95Ms: p95, maxMs: most };
};

const readQueues = async (tx: Queryable): Promise<Figures['queues']> => {
  const { rows } = await tx.query<{
    user_id: string;
    devices: number;
    pending: number;
    failed: number;
    quarantined: number;
  }>(
    `select user_id, count(*)::int as devices, sum(pending)::int as pending, sum(failed)::int as failed,
            sum(quarantined)::int as quarantined
       from satchel.clients group by user_id order by sum(pending) desc, user_id limit $1`,
    [USERS],
    'figures_queues',
  );
  return rows.map(({ user_id, ...row }) => ({ userId: user_id, ...row }));
};
