import { type Json, SatchelError } from '@satchel/protocol';
import { type DialectCall, type DialectReply, type DialectServer, json } from '../dialect-route.ts';
import { gatherChanges } from '../gather.ts';
import { namesOf } from '../names.ts';
import { toldRows } from '../own-outcomes.ts';
import { readableTable, readableTables } from '../readable-tables.ts';
import { cursorFor, giveStamp, sinceOf, withCursor } from '../stamps.ts';
import { rowToWire } from '../wire-rows.ts';
import { timeText } from '../wire-time.ts';
import { shownConflicts, tellClashes } from './conflicts.ts';

/** Characters of native pages that one answer takes in. */
const ANSWER_CHARACTERS = 32_000_000;

export const pullTables = async (
  server: DialectServer,
  call: DialectCall<unknown>,
  asked: {
    readonly since: unknown;
    readonly tables: readonly string[] | undefined;
    readonly limit?: number | undefined;
  },
): Promise<DialectReply> => {
  const { ctx } = server;
  const { principal } = call;
  if (call.device === undefined)
    throw new SatchelError('request_invalid', { path: 'device_id', reason: 'is missing' });
  const { device } = call;
  const wanted = asked.tables?.map((name) => readableTable(ctx, principal, name));
  const tables = wanted?.map(({ name }) => name);
  ctx.log.info(
    { requestId: call.requestId },
    `Sync pull: device=${device.deviceId} tables=${wanted?.map((table) => namesOf(ctx.app).many(table)).join(',') ?? 'all'}`,
  );
  const since = await sinceOf(ctx, device, 'last_sync_timestamp', asked.since);
  const gathered = await gatherChanges(server, {
    principal,
    device,
    cursor: await cursorFor(ctx, principal, since, tables),
    tables,
    pageRows: asked.limit,
    until: asked.limit === undefined ? ANSWER_CHARACTERS : 0,
  });
  if (gathered.kind === 'unchanged') throw new SatchelError('server_busy');

  const shown = wanted ?? readableTables(ctx, principal);
  const changes = new Map(shown.map((table): [string, Json[]] => [table.name, []]));
  for (const row of [...gathered.rows, ...toldRows(ctx, gathered)])
    changes.get(row.table.name)?.push(rowToWire(row));
  const stamp = await giveStamp(ctx, device, withCursor(since, tables, gathered.cursor));
  const conflicts = await shownConflicts(server, principal, device, gathered);
  tellClashes(ctx, call.requestId, conflicts);
  return json({
    success: true,
    timestamp: timeText(stamp),
    changes: Object.fromEntries(
      shown.map((table, at) => [asked.tables?.[at] ?? namesOf(ctx.app).many(table), changes.get(table.name)]),
    ),
    conflicts: conflicts.length === 0 ? null : conflicts,
    has_more: gathered.more,
    full_sync: gathered.isReset || since.kind === 'nothing',
  });
};
