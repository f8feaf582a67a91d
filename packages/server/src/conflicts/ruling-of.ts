import { canonicalize } from '@satchel/core';
import { type ResolveRequest, SatchelError } from '@satchel/protocol';
import { type App, isServerGiven } from '@satchel/schema';
import type { Ruling } from '../push/facts.ts';
import type { ConflictRow } from './conflict-row.ts';

export type Final = 'accept-client' | 'accept-server' | 'merged';

/** A decision as it is carried out. */
export interface Decided {
  readonly decision: Final;
  readonly fields: NonNullable<ResolveRequest['fields']>;
}

/**
 * The decision of a request, its values in canonical form.
 *
 * @throws `request_invalid`, `column_unknown`, `value_…`
 */
export const decidedBy = (app: App, row: ConflictRow, request: ResolveRequest): Decided => {
  const { decision, fields = {} } = request;
  if (decision === 'escalated') {
    throw new SatchelError('request_invalid', { path: 'decision', reason: 'escalate the conflict instead' });
  }
  const isEmpty = Object.keys(fields).length === 0;
  if (isEmpty !== (decision !== 'merged')) {
    throw new SatchelError('request_invalid', {
      path: 'fields',
      reason: isEmpty ? 'needed to merge' : 'only to merge',
    });
  }
  const table = app.tables[row.table_name];
  const canonical: NonNullable<ResolveRequest['fields']> = {};
  for (const [name, field] of Object.entries(fields)) {
    const column = table && Object.hasOwn(table.columns, name) ? table.columns[name] : undefined;
    if (column === undefined)
      throw new SatchelError('column_unknown', { table: row.table_name, column: name });
    const at = { table: row.table_name, key: row.key, column: name };
    if (isServerGiven(column) || table?.primaryKey.includes(name))
      throw new SatchelError('value_read_only', at);
    if (field.take !== 'value') {
      canonical[name] = field;
      continue;
    }
    const value = canonicalize(column, field.value, app.limits.maxTextBytes);
    if (!value.ok) throw new SatchelError(value.problem.code, { ...at, ...value.problem.params });
    canonical[name] = { take: 'value', value: value.value };
  }
  return { decision, fields: canonical };
};

/** What a settled conflict says to the mutations that waited for it. */
export const rulingOf = (
  row: Pick<ConflictRow, 'kind' | 'columns'>,
  { decision, fields }: Decided,
): Ruling => ({
  kind: row.kind,
  take: decision === 'accept-client' ? 'client' : 'server',
  columns: row.columns,
  fields,
});
