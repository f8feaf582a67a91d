import { type Json, SatchelError } from '@satchel/protocol';
import type * as z from 'zod/mini';
import type { ServerContext } from '../../context.ts';
import { cursorToPosition } from '../../pull/position.ts';
import { tokenToCursor } from '../../pull/token.ts';
import { type Device, deviceNamed, deviceOfUser } from '../device.ts';
import { type DialectCall, type DialectReply, type DialectServer, json } from '../dialect-route.ts';
import { type Gathered, type GatheredRow, gatherChanges } from '../gather.ts';
import { namesOf } from '../names.ts';
import { conflictsBehind, toldRows } from '../own-outcomes.ts';
import { valuesBesideKey } from '../wire-rows.ts';
import { mobileConflict } from './conflicts.ts';
import type { pullBody } from './shapes.ts';
import { makeToken, readToken } from './tokens.ts';

/** A page of what changed since a token. */
export const pull = async (
  server: DialectServer,
  call: DialectCall<z.infer<typeof pullBody>>,
): Promise<DialectReply> => {
  const { ctx } = server;
  const { principal, body } = call;
  const { device, cursor } = standingOf(call.device, body.since_token, () => deviceOfUser(principal));
  const gathered = await gatherChanges(server, {
    principal,
    device,
    cursor,
    tables: undefined,
    pageRows: body.limit,
    until: 0,
  });
  if (gathered.kind === 'unchanged') throw new SatchelError('server_busy');
  const rows = [...gathered.rows, ...toldRows(ctx, gathered)];
  const fresh = await freshRows(ctx, gathered, cursor);
  const decided = await conflictsBehind(server, principal, gathered.outcomes);
  return json({
    next_token: makeToken({ deviceId: device.deviceId, cursor: gathered.cursor }),
    changes: rows.map((row) => changeOf(ctx, row, fresh === 'all' || fresh.has(row))),
    has_more: gathered.more,
    full_sync: gathered.isReset || cursor === null,
    conflicts: await Promise.all(decided.map((conflict) => mobileConflict(server, principal, conflict))),
  });
};

/** Whose the request is, and what it has: the token says both. @throws `cursor_invalid` */
export const standingOf = (
  named: Device | undefined,
  token: string | null | undefined,
  otherwise: () => Device,
): { readonly device: Device; readonly cursor: string | null } => {
  if (token === undefined || token === null || token === '')
    return { device: named ?? otherwise(), cursor: null };
  const { deviceId, cursor } = readToken(token);
  if (named !== undefined && named.deviceId !== deviceId) throw new SatchelError('cursor_invalid');
  return { device: deviceNamed(deviceId), cursor };
};

/** Rows that were made since the cursor; of a copy all are new to the device. */
const freshRows = async (
  ctx: ServerContext,
  { rows, isCopy }: Gathered,
  cursor: string | null,
): Promise<ReadonlySet<GatheredRow> | 'all'> => {
  if (isCopy || cursor === null) return 'all';
  if (rows.length === 0) return new Set();
  const { outcomes, scopes } = cursorToPosition(tokenToCursor(cursor));
  const snapshot = scopes.values().next().value?.s ?? outcomes;
  const { rows: made } = await ctx.db.query<{ place: number }>(
    `select k.place::int as place
       from unnest($1::smallint[], $2::text[]) with ordinality k(table_id, key, place)
      where exists (select from satchel.audit a
                     where a.table_id = k.table_id and a.key = k.key and a.op = 'insert'
                       and not pg_visible_in_snapshot(a.xid, $3::pg_snapshot))`,
    [rows.map(({ table }) => ctx.tableIds.get(table.name)), rows.map(({ key }) => key), snapshot],
    'dialects_fresh_rows',
  );
  return new Set(made.map(({ place }) => rows[place - 1]!));
};

const changeOf = ({ app }: ServerContext, row: GatheredRow, isFresh: boolean): Record<string, Json> => {
  const { table, key, values, version } = row;
  const resource_type = namesOf(app).one(table);
  if (values === null)
    return { id: key, resource_type, action: 'delete', payload: null, server_version: version };
  return {
    id: key,
    resource_type,
    action: isFresh ? 'create' : 'update',
    payload: valuesBesideKey(table, values),
    server_version: version,
  };
};
