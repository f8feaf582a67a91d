import type { Json } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import { digestOf } from '../../http/routes/sync.ts';
import { type DialectCall, type DialectReply, type DialectServer, json } from '../dialect-route.ts';
import { type GatheredRow, gatherChanges } from '../gather.ts';
import { namesOf, wireName } from '../names.ts';
import { conflictsBehind, toldRows } from '../own-outcomes.ts';
import { readableTables } from '../readable-tables.ts';
import { formerServerIds, serverIdColumn } from '../server-ids.ts';
import { cursorFor, giveStamp, sinceOf, withCursor } from '../stamps.ts';
import { rowToWire } from '../wire-rows.ts';
import { timeText } from '../wire-time.ts';
import { actionConflict } from './conflicts.ts';

/** What is new since the device's last download, a page at a time. */
export const download = async (server: DialectServer, call: DialectCall<unknown>): Promise<DialectReply> => {
  const { ctx } = server;
  const { principal, query } = call;
  const device = call.device!;
  const since = await sinceOf(ctx, device, 'query.since', query.since);
  const gathered = await gatherChanges(server, {
    principal,
    device,
    cursor: await cursorFor(ctx, principal, since, undefined),
    tables: undefined,
    digest: digestOf(call.ifNoneMatch),
    pageRows: query.limit === undefined ? undefined : Number(query.limit),
    until: 0,
  });
  if (gathered.kind === 'unchanged') return { kind: 'unchanged', etag: digestOf(call.ifNoneMatch) ?? '' };
  const rows = [...gathered.rows, ...toldRows(ctx, gathered)];
  const shown = await withServerIds(server, rows);
  const data = new Map(readableTables(ctx, principal).map((table): [string, Json[]] => [table.name, []]));
  for (const [at, row] of rows.entries()) data.get(row.table.name)?.push(shown[at]!);
  const stamp = await giveStamp(ctx, device, withCursor(since, undefined, gathered.cursor));
  const decided = await conflictsBehind(server, principal, gathered.outcomes);
  return json(
    {
      success: true,
      data: Object.fromEntries(
        [...data].map(([name, list]) => [namesOf(ctx.app).many(ctx.app.tables[name]!), list]),
      ),
      sync_timestamp: timeText(stamp),
      has_more: gathered.more,
      full_sync: gathered.isReset || since.kind === 'nothing',
      conflicts: await Promise.all(
        decided.map((conflict) => actionConflict(server, principal, conflict, null)),
      ),
    },
    gathered.digest,
  );
};

/** Rows under the server's numbers, the device's name of each beside it. */
const withServerIds = async (
  { ctx }: DialectServer,
  rows: readonly GatheredRow[],
): Promise<readonly Record<string, Json>[]> => {
  const gone = new Map<Table, string[]>();
  for (const { table, key, values } of rows) {
    if (values !== null || serverIdColumn(table) === undefined) continue;
    const list = gone.get(table);
    if (list) list.push(key);
    else gone.set(table, [key]);
  }
  const former = new Map<Table, ReadonlyMap<string, number>>();
  for (const [table, keys] of gone) former.set(table, await formerServerIds(ctx, table, keys));
  return rows.map((row) => {
    const column = serverIdColumn(row.table);
    const wire = rowToWire(row);
    if (column === undefined) return wire;
    const number = row.values === null ? former.get(row.table)?.get(row.key) : row.values[column.name];
    const { [wireName(column.name)]: _number, ...rest } = wire;
    return { ...rest, id: number ?? null, client_id: row.key };
  });
};
