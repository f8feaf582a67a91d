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
      `select a.audit_id::text as audit_id, a.at, a.op, a.before, a.after, a.version, a.source, a.mutation_id, a.client_id,
              a.user_id, a.channel, c.device_name, k.conflict_id, k.policy, k.reason, k.decision, k.decided_by
         from satchel.audit a
         left join satchel.clients c on c.client_id = a.client_id
         left join lateral (
           select k.conflict_id, k.policy, k.reason, k.decision, k.decided_by
             from satchel.conflicts k
            where k.table_id = a.table_id and k.key = a.key
              and (a.mutation_id = any(k.mutation_ids) or (a.source in ('resolve', 'undo', 'expire') and k.version = a.version))
            order by k.created_at desc limit 1) k on true
        where a.table_id = $1 and a.key = $2 and a.audit_id < coalesce($3::bigint, 9223372036854775807)
        order by a.audit_id desc limit $4`,
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
  readonly device_name: string | null;
  readonly conflict_id: string | null;
  readonly policy: string | null;
  readonly reason: string | null;
  readonly decision: string | null;
  readonly decided_by: string | null;
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
  ...(row.device_name === null ? {} : { deviceName: row.device_name }),
  ...(row.conflict_id === null
    ? {}
    : {
        rule: {
          conflictId: row.conflict_id,
          policy: row.policy ?? '',
          ...(row.reason === null ? {} : { reason: row.reason }),
          ...(row.decision === null ? {} : { decision: row.decision }),
          ...(row.decided_by === null ? {} : { decidedBy: row.decided_by }),
        },
      }),
});

const only = (values: Values | null, columns: ReadonlySet<string>): Values | null =>
  values === null ? null : Object.fromEntries(Object.entries(values).filter(([name]) => columns.has(name)));
