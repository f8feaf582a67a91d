import type { SyncHealthSettings } from '@satchel/schema';
import { checkOwnDevice } from '../device.ts';
import { type DialectCall, type DialectReply, type DialectServer, json } from '../dialect-route.ts';
import { timeText } from '../wire-time.ts';
import type { SYNC_HEALTH } from './shapes.ts';

const DAY = 86_400_000;

export interface DeviceFacts {
  /** Milliseconds since the device was last heard of; absent: never. */
  readonly silentFor: number | undefined;
  readonly openConflicts: number;
  /** Items refused within a day. */
  readonly refused: number;
}

/** How a device fares, the worst first. */
export const healthOf = (
  { silentFor, openConflicts, refused }: DeviceFacts,
  { delayedAfter, failingAfter, failures }: SyncHealthSettings,
): (typeof SYNC_HEALTH)[number] => {
  if (refused >= failures || (silentFor !== undefined && silentFor > failingAfter)) return 'failing';
  if (refused > 0 || openConflicts > 0) return 'attention';
  if (silentFor === undefined || silentFor > delayedAfter) return 'delayed';
  return 'good';
};

interface Row {
  readonly last_heard_at: number | null;
  readonly last_upload: number | null;
  readonly last_download: number | null;
  readonly pending: number;
  readonly waiting: number;
  readonly conflicts: number;
  readonly refused: number;
}

/** One device: when it was heard of, what waits, how it fares. */
export const deviceStatus = async (
  server: DialectServer,
  call: DialectCall<unknown>,
): Promise<DialectReply> => {
  const { ctx } = server;
  const device = call.device!;
  await checkOwnDevice(ctx, call.principal, device);
  const now = ctx.clock.now();
  const { rows } = await ctx.db.query<Row>(
    `select (select c.last_heard_at from satchel.clients c where c.client_id = $1) as last_heard_at,
            (select c.pending from satchel.clients c where c.client_id = $1) as pending,
            (select max(b.received_at) from satchel.dialect_batches b where b.client_id = $1) as last_upload,
            (select c.last_download_at from satchel.clients c where c.client_id = $1) as last_download,
            (select count(*)::int from satchel.mutations m where m.client_id = $1 and m.state = 'held') as waiting,
            (select count(*)::int from satchel.conflicts c where c.client_id = $1 and c.state <> 'settled') as conflicts,
            (select count(*)::int from satchel.mutations m
              where m.client_id = $1 and m.received_at > $2 and m.outcome ->> 'outcome' = 'rejected') as refused`,
    [device.clientId, now - DAY],
    'dialects_device_status',
  );
  const row = rows[0]!;
  const time = (at: number | null): string | null => (at === null ? null : timeText(at));
  return json({
    device_id: device.deviceId,
    last_sync: time(row.last_heard_at),
    last_upload: time(row.last_upload),
    last_download: time(row.last_download),
    pending_uploads: (row.pending ?? 0) + row.waiting,
    conflicts: row.conflicts,
    sync_health: healthOf(
      {
        silentFor: row.last_heard_at === null ? undefined : now - row.last_heard_at,
        openConflicts: row.conflicts,
        refused: row.refused,
      },
      ctx.app.http.health,
    ),
  });
};
