import type { Satchel, SyncStatus } from '@satchel/client';
import type { Problem } from '@satchel/protocol';
import type { OutboxItem, StatusShown, StatusTruth } from '../history.ts';
import type { Device } from './device.ts';
import type { World } from './world.ts';

/** What a device was last seen to show. */
export interface Observed {
  readonly status: string;
  readonly outbox: ReadonlyMap<string, string>;
}

/** Tells what a device's screen would show, and how its outbox has changed since it was last looked at. */
export const observe = async (world: World, device: Device, satchel: Satchel): Promise<StatusShown> => {
  const seen = world.observed.get(device.name);
  const items = await readOutbox(satchel, seen?.outbox);
  const shown = shownOf(await satchel.status());
  if (device.satchel !== satchel) return shown;
  const outbox = new Map<string, string>();
  for (const item of items) {
    const text = JSON.stringify(item);
    if (item.state !== 'settled') outbox.set(item.mutationId, text);
    if (seen?.outbox.get(item.mutationId) !== text) world.emit({ kind: 'outbox', client: device.name, item });
  }
  const truth = truthOf(world, device, items);
  const status = JSON.stringify({ ...shown, checkpointAt: null, ...truth });
  if (seen?.status !== status) world.emit({ kind: 'status', client: device.name, shown, truth });
  world.observed.set(device.name, { status, outbox });
  return shown;
};

/** What is not settled, and what has left that state since the last look. */
const readOutbox = async (
  satchel: Satchel,
  before: ReadonlyMap<string, string> | undefined,
): Promise<OutboxItem[]> => {
  const columns = 'select mutation_id, state, blocked_by, held_until, problem, outcome from satchel_outbox';
  const open = await satchel.all(`${columns} where state <> 'settled' order by position`);
  const known = new Set(open.map(({ mutation_id }) => mutation_id));
  const left = [...(before?.keys() ?? [])].filter((id) => !known.has(id));
  const settled =
    left.length === 0
      ? []
      : await satchel.all(
          `${columns} where mutation_id in (select value from json_each(?)) order by position`,
          [JSON.stringify(left)],
        );
  return [...settled, ...open].map((row) => ({
    mutationId: String(row.mutation_id),
    state: row.state as OutboxItem['state'],
    outcome:
      typeof row.outcome === 'string'
        ? (JSON.parse(row.outcome) as { outcome: OutboxItem['outcome'] }).outcome
        : null,
    blockedBy: row.blocked_by === null ? null : String(row.blocked_by),
    held: row.held_until !== null,
    problem: typeof row.problem === 'string' ? (JSON.parse(row.problem) as Problem) : null,
  }));
};

/** All of the outbox, settled ones too. */
export const wholeOutbox = async (satchel: Satchel): Promise<OutboxItem[]> => {
  const rows = await satchel.all(`select mutation_id from satchel_outbox where state = 'settled'`);
  return readOutbox(satchel, new Map(rows.map(({ mutation_id }) => [String(mutation_id), ''])));
};

const UNSETTLED = new Set(['queued', 'in-flight', 'blocked', 'review', 'failed']);

export const truthOf = (world: World, device: Device, items: readonly OutboxItem[]): StatusTruth => ({
  networkOnline: device.networkOnline,
  serverReachable: world.network.isReachable(device),
  tokenValid: !device.tokenExpired,
  revoked: device.revoked,
  unsettled: items.filter(({ state }) => UNSETTLED.has(state)).length,
  quarantined: items.filter(({ state }) => state === 'quarantined').length,
  clockError: device.clockError,
});

export const shownOf = (status: SyncStatus): StatusShown => ({
  phase: status.phase,
  waitingFor: status.waitingFor,
  online: status.online,
  live: status.live,
  pending: status.pending,
  failed: status.failed,
  blocked: status.blocked,
  review: status.review,
  held: status.held,
  quarantined: status.quarantined,
  openConflicts: status.openConflicts,
  needsAuth: status.needsAuth,
  locked: status.locked,
  complete: status.complete,
  checkpointAt: status.checkpointAt,
  uploading: status.uploading,
  downloading: status.downloading,
  paused: status.paused,
  problem: status.problem,
  cloned: status.cloned,
  storage: status.storage,
});
