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

const COLUMNS = `client_id, user_id, device_name, platform, app_version, first_seen_at, last_heard_at,
  pending, clock_offset, revoked`;

interface ClientRow {
  readonly client_id: string;
  readonly user_id: string;
  readonly device_name: string | null;
  readonly platform: string | null;
  readonly app_version: string | null;
  readonly first_seen_at: number;
  readonly last_heard_at: number;
  readonly pending: number;
  readonly clock_offset: number | null;
  readonly revoked: 'lock' | 'wipe' | null;
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
});

/** Clients by id, a page at a time; `after` is the last id of the page before. */
export const listClients = async (
  ctx: ServerContext,
  filter: { readonly after?: string | undefined; readonly limit: number },
): Promise<ClientList> => {
  const { rows } = await ctx.db.query<ClientRow>(
    `select ${COLUMNS} from satchel.clients
      where client_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
      order by client_id limit $2`,
    [filter.after ?? null, filter.limit],
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
    `update satchel.clients set revoked = $2, revoked_at = case when $2::text is null then null else $3::bigint end
      where client_id = $1 returning ${COLUMNS}`,
    [clientId, action, ctx.clock.now()],
    'clients_revoke',
  );
  const row = rows[0];
  if (row === undefined) throw new SatchelError('client_unknown', { clientId });
  return toRecord(row);
};
