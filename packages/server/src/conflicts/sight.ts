import { hlcFromText } from '@satchel/core';
import { type Conflict, SatchelError, type Values } from '@satchel/protocol';
import { isAdministrator, mayDo, type Principal, readableColumns } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import type { ConflictRow } from './conflict-row.ts';

/** What a reader's scopes say of the rows of a conflict. */
export interface Reach {
  readonly row: boolean;
  readonly holder: boolean;
}

/** Which of the conflicts' rows the scopes hold, or held when they were deleted. */
export const reachOf = async (
  ctx: ServerContext,
  tx: Queryable,
  rows: readonly ConflictRow[],
  scopes: readonly string[],
): Promise<readonly Reach[]> => {
  const { rows: found } = await tx.query<{ in_row: boolean; in_holder: boolean }>(
    `select exists (select from satchel.entries e
                     where e.table_id = k.table_id and e.key = k.key and (e.present or e.deleted)
                       and e.scope = any($4::text[])) as in_row,
            exists (select from satchel.entries e
                     where e.table_id = k.table_id and e.key = k.holder and e.present
                       and e.scope = any($4::text[])) as in_holder
       from unnest($1::smallint[], $2::text[], $3::text[]) with ordinality k(table_id, key, holder, place)
      order by k.place`,
    [
      rows.map(({ table_name }) => ctx.tableIds.get(table_name)),
      rows.map(({ key }) => key),
      rows.map(({ holder }) => holder),
      scopes,
    ],
    'conflicts_reach',
  );
  return found.map(({ in_row, in_holder }) => ({ row: in_row, holder: in_holder }));
};

const isDecidersRole = ({ decided_who: who }: ConflictRow, { roles }: Principal): boolean =>
  typeof who === 'object' && roles.includes(who.role);

/** Its author sees a conflict, whoever may decide about it within its scopes, and administrators. */
export const maySee = (ctx: ServerContext, principal: Principal, row: ConflictRow, reach: Reach): boolean =>
  isAdministrator(ctx.app, principal) ||
  row.principal === principal.id ||
  (isDecidersRole(row, principal) && reach.row);

/**
 * @throws `conflict_unknown` to whom it is not shown, `not_administrator` to whom it is
 * shown but not left to decide
 */
export const checkMayDecide = (
  ctx: ServerContext,
  principal: Principal,
  row: ConflictRow,
  reach: Reach,
): void => {
  if (!maySee(ctx, principal, row, reach)) {
    throw new SatchelError('conflict_unknown', { conflictId: row.conflict_id });
  }
  const may =
    isAdministrator(ctx.app, principal) ||
    (row.decided_who === 'author' && row.principal === principal.id) ||
    (isDecidersRole(row, principal) && reach.row);
  if (!may) throw new SatchelError('not_administrator');
};

/**
 * A conflict as the reader may see it now (rule 66): columns by the reader's roles, and
 * what others wrote only of rows that the reader's scopes hold. One's own values are
 * always one's own.
 */
export const shownConflict = (
  ctx: ServerContext,
  principal: Principal,
  row: ConflictRow,
  reach: Reach,
): Conflict => {
  const everything = isAdministrator(ctx.app, principal);
  const table = ctx.app.tables[row.table_name];
  const readable =
    table !== undefined && mayDo(table, 'read', principal.roles, principal.channel)
      ? readableColumns(table, principal.roles)
      : [];
  const inView = (values: Values | null): Values | null =>
    values === null || everything
      ? values
      : Object.fromEntries(Object.entries(values).filter(([name]) => readable.includes(name)));
  const ofOthers = (values: Values | null): Values | null =>
    everything || reach.row ? inView(values) : null;
  // Of a unique value the server's side is another row: the one that has it.
  const seesServer = everything || (row.kind === 'unique' ? reach.holder : reach.row);
  const ofServer = (values: Values | null): Values | null => (seesServer ? inView(values) : null);
  const own = row.principal === principal.id ? row.client : inView(row.client);
  return {
    conflictId: row.conflict_id,
    table: row.table_name,
    key: row.key,
    kind: row.kind,
    state: row.state,
    mutationIds: row.mutation_ids,
    ...(row.client_id === null ? {} : { clientId: row.client_id }),
    author: row.author,
    ...(row.device_name === null ? {} : { deviceName: row.device_name }),
    ...(row.edited_hlc === null ? {} : { clientAt: hlcFromText(row.edited_hlc).millis }),
    ...(seesServer ? writerOf(row) : {}),
    columns: everything ? row.columns : row.columns.filter((name) => readable.includes(name)),
    ...(row.holder !== null && (everything || reach.holder) ? { holder: row.holder } : {}),
    // Whoever decides about a deleted record is shown the record, not the edit of it alone.
    base: ofOthers(row.last === null ? row.base : { ...row.last, ...row.base }),
    client: own,
    server: ofServer(row.server),
    result: ofServer(row.result),
    policy: row.policy,
    ...(row.reason === null ? {} : { reason: row.reason }),
    flags: row.flags,
    ...(row.decision === null ? {} : { decision: row.decision }),
    ...(row.decided_by === null ? {} : { decidedBy: row.decided_by }),
    ...(row.note === null ? {} : { note: row.note }),
    createdAt: row.created_at,
    ...(row.decided_at === null ? {} : { decidedAt: row.decided_at }),
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
  };
};

/** Who wrote the server's side, as far as the audit knows. */
const writerOf = (row: ConflictRow): Pick<Conflict, 'serverBy' | 'serverAt' | 'serverDevice'> => ({
  ...(row.server_by === null ? {} : { serverBy: row.server_by }),
  ...(row.server_at === null ? {} : { serverAt: row.server_at }),
  ...(row.server_device === null ? {} : { serverDevice: row.server_device }),
});
