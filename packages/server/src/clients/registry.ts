import { type ClientList, type ClientRecord, SatchelError } from '@satchel/protocol';
import { isAdministrator, type Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';

/** What an administrator ordered for this client; `null` while it is welcome or unknown. */
export const revokedAs = async (ctx: ServerContext, clientId: string): Promise<'lock' | 'wipe' | null> => {
  const { rows } = await ctx.db.query<{ revoked: 'lock' | 'wipe' | null }>(
    'select revoked from satchel.clients where client_id = $1',
    [clientId],
    'clients_revoked',
  );
  return rows[0]?.revoked ?? null;
};

const COLUMNS = `c.client_id, c.user_id, c.device_name, c.platform, c.app_version, c.first_seen_at, c.last_heard_at,
  c.pending, c.failed, c.quarantined, c.clock_offset, c.revoked, c.last_upload_at, c.last_download_at,
  (select count(*)::int from satchel.conflicts k where k.client_id = c.client_id and k.state <> 'settled') as open_conflicts,
  (select count(*)::int from satchel.refused r where r.client_id = c.client_id) as refused,
  (select jsonb_build_object('startedAt', s.started_at, 'endedAt', s.ended_at, 'trigger', s.trigger, 'problem', s.problem)
     from satchel.syncs s where s.client_id = c.client_id order by s.started_at desc limit 1) as last_sync`;

interface ClientRow {
  readonly client_id: string;
  readonly user_id: string;
  readonly device_name: string | null;
  readonly platform: string | null;
  readonly app_version: string | null;
  readonly first_seen_at: number;
  readonly last_heard_at: number;
  readonly pending: number;
  readonly failed: number;
  readonly quarantined: number;
  readonly clock_offset: number | null;
  readonly revoked: 'lock' | 'wipe' | null;
  readonly last_upload_at: number | null;
  readonly last_download_at: number | null;
  readonly open_conflicts: number;
  readonly refused: number;
  readonly last_sync: {
    readonly startedAt: number;
    readonly endedAt: number;
    readonly trigger: string;
    readonly problem: string | null;
  } | null;
}

const toRecord = (row: ClientRow): ClientRecord => ({
  clientId: row.client_id,
  userId: row.user_id,
  ...(row.device_name === null ? {} : { deviceName: row.device_name }),
  ...(row.platform === null ? {} : { platform: row.platform }),
  ...(row.app_version === null ? {} : { appVersion: row.app_version }),
  firstSeenAt: row.first_seen_at,
  lastHeardAt: row.last_heard_at,
  pending: row.pending,
  ...(row.clock_offset === null ? {} : { clockOffset: row.clock_offset }),
  ...(row.revoked === null ? {} : { revoked: row.revoked }),
  ...(row.last_upload_at === null ? {} : { lastUploadAt: row.last_upload_at }),
  ...(row.last_download_at === null ? {} : { lastDownloadAt: row.last_download_at }),
  failed: row.failed,
  quarantined: row.quarantined,
  openConflicts: row.open_conflicts,
  refused: row.refused,
  ...(row.last_sync === null ? {} : { lastSync: lastSyncOf(row.last_sync) }),
});

const lastSyncOf = ({ problem, ...run }: NonNullable<ClientRow['last_sync']>) => ({
  ...run,
  ...(problem === null ? {} : { problem }),
});

/** Clients by id, of one user or of all, a page at a time; `after` is the last id of the page before. */
export const listClients = async (
  ctx: ServerContext,
  filter: { readonly after?: string; readonly userId?: string; readonly limit: number },
): Promise<ClientList> => {
  const { rows } = await ctx.db.query<ClientRow>(
    `select ${COLUMNS} from satchel.clients c
      where c.client_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
        and ($3::text is null or c.user_id = $3)
      order by c.client_id limit $2`,
    [filter.after ?? null, filter.limit, filter.userId ?? null],
    'clients_list',
  );
  return { clients: rows.map(toRecord) };
};

/**
 * Locks a client out: it is answered `client_revoked` on every route from now on.
 * `action` falls to the app's `onRevoke`.
 *
 * @throws `not_administrator`, `client_unknown`
 */
export const revokeClient = (
  ctx: ServerContext,
  principal: Principal,
  clientId: string,
  action: 'lock' | 'wipe' = ctx.app.onRevoke,
): Promise<ClientRecord> => setRevoked(ctx, principal, clientId, action);

/** Lets a revoked client in again. */
export const restoreClient = (
  ctx: ServerContext,
  principal: Principal,
  clientId: string,
): Promise<ClientRecord> => setRevoked(ctx, principal, clientId, null);

const setRevoked = async (
  ctx: ServerContext,
  principal: Principal,
  clientId: string,
  action: 'lock' | 'wipe' | null,
): Promise<ClientRecord> => {
  if (!isAdministrator(ctx.app, principal)) throw new SatchelError('not_administrator');
  const { rows } = await ctx.db.query<ClientRow>(
    `update satchel.clients c set revoked = $2, revoked_at = case when $2::text is null then null else $3::bigint end
      where c.client_id = $1 returning ${COLUMNS}`,
    [clientId, action, ctx.clock.now()],
    'clients_revoke',
  );
  const row = rows[0];
  if (row === undefined) throw new SatchelError('client_unknown', { clientId });
  return toRecord(row);
};
