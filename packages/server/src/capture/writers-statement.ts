import { needsWriters } from '@satchel/schema';
import { readExpression } from '../postgres/columns.ts';
import { quoteText } from '../postgres/quote.ts';
import { oldAndNew } from './audit-statement.ts';
import { NEW_ROWS, type TriggerEvent } from './capture-plan.ts';
import { type CapturedTable, columnOf, rowKey } from './captured-table.ts';

/** Node of the server's own stamps: plain SQL has no device. */
const SERVER_NODE = 'server';

/**
 * Notes the server's clock at capture as the stamp of each field that a plain SQL
 * statement really changed. Push notes its own writers.
 */
export const writersStatement = (
  captured: CapturedTable,
  event: Exclude<TriggerEvent, 'truncate'>,
): string => {
  const columns = needsWriters(captured.table).map((name) => columnOf(captured.table, name));
  if (columns.length === 0 || event === 'delete') return '';
  const { relation, table } = captured;
  const [first] = table.primaryKey;
  const changed = columns.map((column) => {
    const name = quoteText(column.name);
    if (event === 'insert') return `(${name}, true)`;
    const value = (alias: string) =>
      `to_jsonb(${readExpression(column, relation.column(alias, column.name))})`;
    const isNew = `${relation.column('o', first ?? '')} is null`;
    return `(${name}, ${isNew} or ${value('n')} is distinct from ${value('o')})`;
  });
  const from = event === 'insert' ? `${NEW_ROWS} n` : oldAndNew(captured);
  const there = event === 'insert' ? '' : ` and ${relation.column('n', first ?? '')} is not null`;
  return `if coalesce(current_setting('satchel.source', true), '') = '' then
    insert into satchel.writers as w (table_id, key, column_name, hlc, roles, mutation_id, version)
    select ${captured.id}, f.key, f.column_name, at_ms || ':0:${SERVER_NODE}', '{}', null, stamp
    from (
      select ${rowKey(captured, 'n')} as key, c.column_name
      from ${from}
      cross join lateral (values ${changed.join(', ')}) c(column_name, changed)
      where c.changed${there}
    ) f
    order by f.key, f.column_name
    on conflict (table_id, key, column_name) do update
    set hlc = excluded.hlc, roles = excluded.roles, mutation_id = null, version = excluded.version;
  end if;`;
};
