import { type Phase, phaseOf, type WaitingFor } from '@satchel/core';
import type { Problem } from '@satchel/protocol';
import type { EngineFacts, SyncRun, TabFacts } from './engine.ts';
import type { SyncFacts } from './sync/sync-port.ts';

/**
 * All that a screen may say of sync, side by side. `phase` is the first that is true
 * of needs-auth, error, conflict, paused, offline, syncing, pending, unknown and
 * synced; the facts beside it are not hidden by it.
 */
export interface SyncStatus {
  readonly phase: Phase;
  /** Why what is pending does not move, when `phase` is `pending`. */
  readonly waitingFor: WaitingFor | null;
  readonly online: boolean;
  readonly networkKind: string;
  readonly live: boolean;
  readonly paused: boolean;
  readonly uploading: boolean;
  readonly downloading: boolean;
  /** Error code of what is wrong with the token; `null` when nothing is. */
  readonly needsAuth: string | null;
  /** An administrator locked this device. */
  readonly locked: boolean;
  readonly problem: Problem | null;
  /** Runs that failed since the last one that did not, and attempts after which a change is `failed`. */
  readonly retry: { readonly failures: number; readonly attempts: number };
  /** Mutations not yet settled. */
  readonly pending: number;
  readonly pendingByLane: Readonly<Record<string, number>>;
  readonly pendingByTable: Readonly<Record<string, number>>;
  readonly oldestPendingAt: number | null;
  readonly blocked: number;
  readonly failed: number;
  readonly held: number;
  readonly review: number;
  readonly quarantined: number;
  readonly openConflicts: number;
  /** Rows taken in by the run under way, and what the server thinks is still to come. */
  readonly progress: { readonly rowsTaken: number; readonly rowsRemaining: number | null };
  /** True when everything this device may hold has arrived at least once. */
  readonly complete: boolean;
  readonly checkpointAt: number | null;
  readonly nextRunAt: number | null;
  readonly lastRun: SyncRun | null;
  readonly bytesToday: number;
  readonly bytesThisMonth: number;
  readonly budget: { readonly dailyBytes: number | null; readonly monthlyBytes: number | null };
  readonly latencyMs: number | null;
  /** Server time minus this device's clock, milliseconds. */
  readonly clockOffset: number | null;
  readonly scopes: readonly string[];
  readonly storage: EngineFacts['storage'];
  /** In a browser: what this tab is to the database; else null. */
  readonly tab: TabFacts | null;
  /** The database was found to be a copy or an old backup of another; it now has a client id of its own. */
  readonly cloned: boolean;
}

export const statusOf = (
  engine: EngineFacts,
  loop: SyncFacts,
  budget: SyncStatus['budget'],
  attempts: number,
): SyncStatus => {
  // What a silent leader last said of its loop is no news.
  const silent = engine.tab?.leaderSilent ?? false;
  const pending = engine.pending + (engine.tab?.saved ?? 0);
  const waits: WaitingFor[] = silent ? ['leader'] : loop.wait === null ? [] : [loop.wait];
  const lanes = Object.entries(engine.pendingByLane).flatMap(([lane, n]) => (n > 0 ? [lane] : []));
  const held = lanes.length > 0 && lanes.every((lane) => loop.heldLanes.includes(lane));
  if (!silent && held) waits.push('wifi');
  // The schedule brings it only where nothing else is in the way.
  if (waits.length === 0 && engine.pending > 0 && loop.nextRunAt !== null) waits.push('schedule');
  if (engine.review > 0 && engine.review === engine.pending) waits.push('review');
  const { phase, waitingFor = null } = phaseOf({
    needsAuth: loop.needsAuth !== null || loop.revoked,
    lastRunFailed: loop.problem !== null,
    failed: engine.failed,
    openConflicts: engine.openConflicts,
    paused: loop.paused || !loop.running,
    offline: !loop.online,
    syncing: !silent && (loop.uploading || loop.downloading),
    pending,
    complete: engine.complete,
    contacted: loop.contact && !silent,
    waitingFor: waits,
  });
  return {
    phase,
    waitingFor,
    online: loop.online,
    networkKind: loop.networkKind,
    live: loop.live,
    paused: loop.paused,
    uploading: loop.uploading,
    downloading: loop.downloading,
    needsAuth: loop.needsAuth,
    locked: loop.revoked,
    problem: loop.problem,
    retry: { failures: loop.failures, attempts },
    pending,
    pendingByLane: engine.pendingByLane,
    pendingByTable: engine.pendingByTable,
    oldestPendingAt: engine.oldestPendingAt,
    blocked: engine.blocked,
    failed: engine.failed,
    held: engine.held,
    review: engine.review,
    quarantined: engine.quarantined,
    openConflicts: engine.openConflicts,
    progress: { rowsTaken: loop.rowsTaken, rowsRemaining: loop.rowsRemaining },
    complete: engine.complete,
    checkpointAt: engine.checkpointAt,
    nextRunAt: loop.nextRunAt,
    lastRun: loop.lastRun,
    bytesToday: loop.bytesToday,
    bytesThisMonth: loop.bytesThisMonth,
    budget,
    latencyMs: loop.latencyMs,
    clockOffset: loop.clockOffset,
    scopes: engine.scopes,
    storage: engine.storage,
    tab: engine.tab ?? null,
    cloned: engine.cloned,
  };
};
