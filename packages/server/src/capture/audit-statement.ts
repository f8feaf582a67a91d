import { readExpression } from '../postgres/columns.ts';
import { quoteText } from '../postgres/quote.ts';
import { NEW_ROWS, OLD_ROWS, type TriggerEvent } from './capture-plan.ts';
import type { CapturedTable } from './captured-table.ts';
import { rowKey } from './captured-table.ts';
import { isTakenAlong } from './removal-mark.ts';

/** PostgreSQL takes 100 arguments: 50 names and values. */
const PAIRS = 50;

/** jsonb of the canonical values of the row that `alias` stands for. */
export const valuesExpression = ({ table, relation }: CapturedTable, alias: string): string => {
  const pairs = Object.values(table.columns).map(
    (column) => `${quoteText(column.name)}, ${readExpression(column, relation.column(alias, column.name))}`,
  );
  const objects: string[] = [];
  for (let at = 0; at < pairs.length; at += PAIRS) {
    objects.push(`jsonb_build_object(${pairs.slice(at, at + PAIRS).join(', ')})`);
  }
  return objects.join(' || ');
};

/** Joins the old and the new rows of an update by key; a changed key leaves one of each alone. */
export const oldAndNew = ({ table, relation }: CapturedTable): string =>
  `${NEW_ROWS} n full join ${OLD_ROWS} o on ${table.primaryKey
    .map((name) => `${relation.column('n', name)} = ${relation.column('o', name)}`)
    .join(' and ')}`;

const source = (captured: CapturedTable, event: Exclude<TriggerEvent, 'truncate'>): string => {
  const newKey = rowKey(captured, 'n');
  const oldKey = rowKey(captured, 'o');
  const values = (alias: string) => valuesExpression(captured, alias);
  switch (event) {
    case 'insert':
      return `select ${newKey} as key, 'insert' as op, null::jsonb as before, ${values('n')} as after from ${NEW_ROWS} n`;
    case 'delete':
      return `select ${oldKey} as key, 'delete' as op, ${values('o')} as before, null::jsonb as after from ${OLD_ROWS} o`;
    case 'update': {
      const [first] = captured.table.primaryKey;
      const isOld = `${captured.relation.column('n', first ?? '')} is null`;
      const isNew = `${captured.relation.column('o', first ?? '')} is null`;
      return `select coalesce(${newKey}, ${oldKey}) as key,
        case when ${isOld} then 'delete' when ${isNew} then 'insert' else 'update' end as op,
        case when not (${isNew}) then ${values('o')} end as before,
        case when not (${isOld}) then ${values('n')} end as after
      from ${oldAndNew(captured)}`;
    }
  }
};

/**
 * Writes the audit of a statement that did not come by push (which writes its own, and
 * says so in `satchel.source`), and of what references do within one that did. Who wrote is the role that logged in. Rows that an
 * update left as they were are not noted; OFFSET 0 keeps the planner from making both
 * images a second time for that comparison, which cost a quarter of a bulk update.
 */
export const auditStatement = (captured: CapturedTable, event: Exclude<TriggerEvent, 'truncate'>): string => {
  if (!captured.table.audit) return '';
  const takenAlong = event === 'insert' ? null : isTakenAlong(captured);
  return `if coalesce(current_setting('satchel.source', true), '') = ''${takenAlong === null ? '' : `\n    or ${takenAlong}`} then
    insert into satchel.audit (at, xid, table_id, key, op, before, after, version, source, user_id)
    select at_ms, transaction, ${captured.id}, a.key, a.op, a.before, a.after, stamp, 'sql', session_user
    from (${source(captured, event)}${event === 'update' ? ' offset 0' : ''}) a${
      event === 'update' ? '\n    where a.before is distinct from a.after' : ''
    };
  end if;`;
};
