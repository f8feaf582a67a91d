import { type HistoryEntry, type RowHistory, SatchelError, type Values } from '@satchel/protocol';
import { isAdministrator, mayDo, type Principal, readableColumns } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { scopesFor } from '../pull/scopes.ts';

/**
 * What happened to a row, newest first, a page at a time; `after` is the `next` of the
 * page before. Administrators read every row; others those that are in their view now,
 * without the columns that are hidden from them.
 *
 * @throws `table_unknown`, `op_denied`, and `scope_denied` whether the row is somebody else's or nobody's
 */
export const rowHistory = async (
  ctx: ServerContext,
  principal: Principal,
  tableName: string,
  key: string,
  filter: { readonly after?: string; readonly limit: number },
): Promise<RowHistory> => {
  const table = Object.hasOwn(ctx.app.tables, tableName) ? ctx.app.tables[tableName] : undefined;
  const tableId = ctx.tableIds.get(tableName);
  if (table === undefined || tableId === undefined)
    throw new SatchelError('table_unknown', { table: tableName });
  if (filter.after !== undefined && !/^\d{1,18}$/.test(filter.after))
    throw new SatchelError('request_invalid', { path: 'query.after', reason: 'has the wrong format' });
  const everything = isAdministrator(ctx.app, principal);
  if (!everything && !mayDo(table, 'read', principal.roles, principal.channel))
    throw new SatchelError('op_denied', { op: 'read', table: tableName });
  const columns = new Set(everything ? Object.keys(table.columns) : readableColumns(table, principal.roles));

  // Rights and rows of one snapshot.
  const rows = await ctx.db.transaction('snapshot', async (tx) => {
    if (!everything) {
      const scopes = await scopesFor(ctx, tx, principal);
      const seen = await tx.query<{ seen: boolean }>(
        `select exists (select 1 from satchel.entries
                         where table_id = $1 and key = $2 and present and scope = any($3)) as seen`,
        [tableId, key, scopes],
        'operate_row_in_view',
      );
      if (seen.rows[0]?.seen !== true) throw new SatchelError('scope_denied', { table: tableName, key });
    }
    const { rows } = await tx.query<AuditRow>(
      `select audit_id::text as audit_id, at, op, before, after, version, source, mutation_id, client_id, user_id, channel
         from satchel.audit
        where table_id = $1 and key = $2 and audit_id < coalesce($3::bigint, 9223372036854775807)
        order by audit_id desc limit $4`,
      [tableId, key, filter.after ?? null, filter.limit + 1],
      'operate_row_history',
    );
    return rows;
  });
  const shown = rows.slice(0, filter.limit);
  const last = shown[shown.length - 1];
  return {
    table: tableName,
    key,
    entries: shown.map((row) => toEntry(row, columns)),
    ...(rows.length > filter.limit && last !== undefined ? { next: last.audit_id } : {}),
  };
};

interface AuditRow {
  readonly audit_id: string;
  readonly at: number;
  readonly op: HistoryEntry['op'];
  readonly before: Values | null;
  readonly after: Values | null;
  readonly version: number | null;
  readonly source: HistoryEntry['source'];
  readonly mutation_id: string | null;
  readonly client_id: string | null;
  readonly user_id: string | null;
  readonly channel: string | null;
}

const toEntry = (row: AuditRow, columns: ReadonlySet<string>): HistoryEntry => ({
  auditId: row.audit_id,
  at: row.at,
  op: row.op,
  before: only(row.before, columns),
  after: only(row.after, columns),
  source: row.source,
  ...(row.version === null ? {} : { version: row.version }),
  ...(row.mutation_id === null ? {} : { mutationId: row.mutation_id }),
  ...(row.client_id === null ? {} : { clientId: row.client_id }),
  ...(row.user_id === null ? {} : { userId: row.user_id }),
  ...(row.channel === null ? {} : { channel: row.channel }),
});

const only = (values: Values | null, columns: ReadonlySet<string>): Values | null =>
  values === null ? null : Object.fromEntries(Object.entries(values).filter(([name]) => columns.has(name)));
