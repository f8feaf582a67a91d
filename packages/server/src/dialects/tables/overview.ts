import { isAdministrator } from '@satchel/schema';
import { type DialectCall, type DialectReply, type DialectServer, json } from '../dialect-route.ts';
import { namesOf } from '../names.ts';
import { readableTables } from '../readable-tables.ts';
import { timeText } from '../wire-time.ts';

/** A device heard of within so many milliseconds is active. */
const ACTIVE = 86_400_000;
const DEVICES_SHOWN = 1_000;

/** The server at a glance. */
export const overview = async (server: DialectServer, call: DialectCall<unknown>): Promise<DialectReply> => {
  const { ctx } = server;
  const { app, clock } = ctx;
  const { principal } = call;
  const isOpen = app.http.auth === 'private-network' || isAdministrator(app, principal);
  const now = clock.now();
  const { rows: counted } = await ctx.db.query<{ active: number }>(
    'select count(*)::int as active from satchel.clients where last_heard_at > $1 and revoked is null',
    [now - ACTIVE],
    'dialects_active_devices',
  );
  const { rows } = await ctx.db.query<{ name: string; at: number }>(
    `select coalesce(c.device_name, c.client_id::text) as name, max(c.last_heard_at) as at
       from satchel.clients c where $1 or c.principal = $2
      group by 1 order by 2 desc limit $3`,
    [isOpen, principal.id, DEVICES_SHOWN],
    'dialects_last_sync',
  );
  return json({
    status: 'online',
    timestamp: timeText(now),
    version: app.http.version,
    tables: readableTables(ctx, principal).map((table) => namesOf(app).many(table)),
    active_devices: counted[0]?.active ?? 0,
    last_sync: Object.fromEntries(rows.map(({ name, at }) => [name, timeText(at)])),
  });
};
