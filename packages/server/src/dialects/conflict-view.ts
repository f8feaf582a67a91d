import { hlcFromText } from '@satchel/core';
import type { Conflict, Json, Value, Values } from '@satchel/protocol';
import { isAdministrator, type Principal, readableColumns, type Table } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { tableSql, valuesFromJson } from '../push/table-sql.ts';
import type { DialectServer } from './dialect-route.ts';
import { timeText } from './wire-time.ts';
import { valuesToWire } from './wire-values.ts';

/** Both sides of a conflict as dialects show them: rows in the documents' names. */
export interface ConflictSides {
  readonly client: Record<string, Json> | null;
  readonly server: Record<string, Json> | null;
}

/** The conflicts of these ids, as far as the principal may see them. */
export const conflictsOf = async (
  { operations }: DialectServer,
  principal: Principal,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, Conflict>> => {
  const found = new Map<string, Conflict>();
  for (const id of new Set(ids)) found.set(id, await operations.showConflict(principal, id));
  return found;
};

/**
 * Both sides. While a conflict is open the server's is the row as it is; the client's
 * carries the time at which its device wrote it.
 */
export const sidesOf = async (
  ctx: ServerContext,
  principal: Principal,
  conflict: Conflict,
): Promise<ConflictSides> => {
  const table = ctx.app.tables[conflict.table];
  if (table === undefined) return { client: conflict.client, server: conflict.server };
  const shown = conflict.server !== null && conflict.state !== 'settled';
  const current = shown ? await rowInView(ctx, principal, table, conflict.key) : {};
  const client = valuesToWire(table, conflict.client);
  const at = await writtenAt(ctx, conflict);
  return {
    client: client === null || at === undefined ? client : { device_ts: timeText(at), ...client },
    server: conflict.server === null ? null : valuesToWire(table, { ...current, ...conflict.server }),
  };
};

const rowInView = async (
  ctx: ServerContext,
  principal: Principal,
  table: Table,
  key: string,
): Promise<Values> => {
  const { read } = tableSql(table);
  const { rows } = await ctx.db.query<{ rows: readonly [string, readonly Value[]][] }>(
    read.text,
    [[key]],
    read.name,
  );
  const [row] = rows[0]?.rows ?? [];
  if (row === undefined) return {};
  const readable = isAdministrator(ctx.app, principal)
    ? Object.keys(table.columns)
    : readableColumns(table, principal.roles);
  return Object.fromEntries(
    Object.entries(valuesFromJson(table, row[1])).filter(([name]) => readable.includes(name)),
  );
};

const writtenAt = async (ctx: ServerContext, { conflictId }: Conflict): Promise<number | undefined> => {
  const { rows } = await ctx.db.query<{ hlc: string }>(
    `select m.hlc from satchel.conflicts c
       join satchel.mutations m on m.principal = c.principal and m.mutation_id = any(c.mutation_ids)
      where c.conflict_id = $1 order by m.seq desc limit 1`,
    [conflictId],
    'dialects_written_at',
  );
  return rows[0] === undefined ? undefined : hlcFromText(rows[0].hlc).millis;
};
