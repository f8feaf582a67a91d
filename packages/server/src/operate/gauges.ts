import type { ServerContext } from '../context.ts';
import { readDailyFigures } from './figures.ts';

/** Figures read from the database when `/metrics` is scraped. */
export interface Gauges {
  readonly openConflicts: number;
  readonly heldMutations: number;
  /** Calls of onApplied functions that are due or being tried again. */
  readonly appliedQueue: number;
  /** Clients heard of within `limits.clientLifetime`. */
  readonly liveClients: number;
  readonly oldestTransactionSeconds: number;
  /** Mutations that wait on devices, as they said when last heard. */
  readonly pendingOnDevices: number;
  readonly standingAlerts: number;
  /** Of the last 24 hours; `null` where there was nothing. */
  readonly syncSuccessRate: number | null;
  readonly meanSyncSeconds: number | null;
  readonly conflictRate: number | null;
  readonly consistencySeconds: number | null;
}

const inSeconds = (ms: number | null): number | null => (ms === null ? null : ms / 1_000);

export const readGauges = async (ctx: ServerContext): Promise<Gauges> => {
  const { rows } = await ctx.db.query<GaugeRow>(
    `select (select count(*) from satchel.conflicts where state <> 'settled')::int as open_conflicts,
            (select count(*) from satchel.mutations where state = 'held')::int as held_mutations,
            (select count(*) from satchel.applied)::int as applied_queue,
            (select count(*) from satchel.clients where last_heard_at > $1)::int as live_clients,
            coalesce((select max(extract(epoch from clock_timestamp() - xact_start)) from pg_stat_activity
                       where datname = current_database() and backend_xid is not null), 0)::float8 as oldest,
            coalesce((select sum(pending) from satchel.clients where last_heard_at > $1), 0)::int as pending,
            (select count(*) from satchel.alerts where fell_at is null)::int as alerts`,
    [ctx.clock.now() - ctx.app.limits.clientLifetime],
    'operate_gauges',
  );
  const row = rows[0];
  const { syncs, conflicts, consistency } = await readDailyFigures(ctx);
  return {
    openConflicts: row?.open_conflicts ?? 0,
    heldMutations: row?.held_mutations ?? 0,
    appliedQueue: row?.applied_queue ?? 0,
    liveClients: row?.live_clients ?? 0,
    oldestTransactionSeconds: row?.oldest ?? 0,
    pendingOnDevices: row?.pending ?? 0,
    standingAlerts: row?.alerts ?? 0,
    syncSuccessRate: syncs.successRate,
    meanSyncSeconds: inSeconds(syncs.meanMs),
    conflictRate: conflicts.rate,
    consistencySeconds: inSeconds(consistency.p95Ms),
  };
};

interface GaugeRow {
  readonly open_conflicts: number;
  readonly held_mutations: number;
  readonly applied_queue: number;
  readonly live_clients: number;
  readonly oldest: number;
  readonly pending: number;
  readonly alerts: number;
}
