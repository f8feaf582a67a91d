import { fromKeyText, pgType } from '../postgres/columns.ts';
import { keyColumns } from '../postgres/key-columns.ts';
import type { CaptureFunction } from './capture-plan.ts';
import { type CapturedTable, hasKey, parentKey, rowKey, scopesExpression } from './captured-table.ts';
import { entriesOfKey } from './entries-of-key.ts';
import { freshenEntries } from './fresh-entries.ts';
import type { ViaLink } from './scope-graph.ts';

/**
 * How `settle` was come to.
 *
 * - `locked`: by a write of the rows themselves; their triggers hold the shared locks.
 * - `follow`: the scopes of a parent changed. Only rows whose scopes change are touched.
 * - `member`: rows that name these changed: they are locked exclusively. Else as `follow`.
 * - `force`: as `member`, and children are looked at though nothing seems to have moved.
 */
export type SettleReason = 'locked' | 'follow' | 'member' | 'force';

/** Shared locks on the parents, then the lock on the rows' own registry rows, top down. */
const locks = (captured: CapturedTable): string => {
  const { id, graph, relation, idOf } = captured;
  const lines = graph.parents.map(
    (link) => `perform satchel.lock_registry(${idOf(link.parent.name)}, array(
      select ${parentKey(captured, link, 't')}
      from unnest(touched) k(key)
      join ${relation.sql} t on ${hasKey(captured, 't', 'k.key')}), false);`,
  );
  if (graph.memberships.length > 0) {
    lines.push(`perform satchel.lock_registry(${id}, touched, how in ('member', 'force'));`);
  }
  if (lines.length === 0) return '';
  return `if how <> 'locked' then
    ${lines.join('\n    ')}
  end if;`;
};

const movedKeys = (captured: CapturedTable): string => `array(
    select k.key
    from unnest(touched) k(key)
    left join lateral (
      select ${scopesExpression(captured, 't')} as scopes
      from ${captured.relation.sql} t
      where ${hasKey(captured, 't', 'k.key')}
      limit 1
    ) r on true
    where coalesce(r.scopes, '{}') is distinct from array(
      ${entriesOfKey(captured.id, 'o.scope', 'k.key collate "C"', 'o.present')}))`;

/**
 * Whether a younger transaction wrote one of the rows and committed before this one came
 * to them. Rows of this transaction may count as younger too: their subtransactions are.
 */
const younger = (captured: CapturedTable): string => `exists (
    select from unnest(touched) k(key)
    cross join lateral (
      select age(t.xmin) as age from ${captured.relation.sql} t
      where ${hasKey(captured, 't', 'k.key')}
      limit 1
    ) r
    where r.age < age(transaction::xid))`;

/** Keys of the rows that refer to the moved ones. Planned each time: sizes vary too much for one plan. */
const childKeys = (link: ViaLink, child: CapturedTable): string => {
  const key = rowKey(child, 't');
  const parentColumns = keyColumns(link.parent);
  const reference = (at: number): string => child.relation.column('t', link.columns[at] ?? '');
  const [first] = parentColumns;
  if (first !== undefined && parentColumns.length === 1) {
    return `select array(select ${key} from ${child.relation.sql} t where ${reference(0)} = any ($1::${pgType(first)}[]))`;
  }
  const matches = parentColumns.map(
    (column, at) => `${reference(at)} = ${fromKeyText(column, `(m.key::json ->> ${at})`)}`,
  );
  return `select array(select ${key} from unnest($1) m(key) join ${child.relation.sql} t on ${matches.join(' and ')})`;
};

const follow = (captured: CapturedTable, tableOf: (name: string) => CapturedTable): string =>
  captured.graph.children
    .map((link) => {
      const child = tableOf(link.child.name);
      return `execute $follow$${childKeys(link, child)}$follow$ into followers using moved;
    perform satchel.settle_${child.id}(followers, 'follow');`;
    })
    .join('\n    ');

/**
 * `settle_<table>(touched, how)`: brings the entries of rows up to date under the locks
 * that the rules of scopes ask for, and has the rows below follow. Returns the version
 * that it stamped, null where nothing was to be done.
 *
 * A mover locks the registry rows of what it moves exclusively before it looks for
 * children, and writes them, so that a child above READ COMMITTED which read the scopes
 * before fails. Itself above READ COMMITTED it may miss children, or follow some that
 * have left: it leaves its own keys and theirs for `runMoved`.
 *
 * What follows may be rows that a younger transaction wrote. Their entries are then
 * stamped in a subtransaction, which is younger still: else `verifyEntries` would take
 * the rows for written round the triggers.
 */
export const settleFunction = (
  captured: CapturedTable,
  tableOf: (name: string) => CapturedTable,
): CaptureFunction => {
  const { id, graph, relation } = captured;
  const match = hasKey(captured, 't', 'k.text');
  const isSource = graph.children.length > 0 || graph.memberships.length > 0;
  const lockMoved = graph.children.length > 0 ? `perform satchel.lock_registry(${id}, moved, true);` : '';
  const writeMoved = isSource
    ? `if moved <> '{}' then
    ${lockMoved}
    update satchel.registry g
    set scopes = coalesce((
      select ${scopesExpression(captured, 't')} from ${relation.sql} t where ${hasKey(captured, 't', 'm.key')} limit 1), '{}')
    from unnest(moved) m(key)
    where g.table_id = ${id} and g.key = m.key;
  end if;`
    : '';
  const children =
    graph.children.length > 0
      ? `if moved <> '{}' then
    ${follow(captured, tableOf)}
  end if;`
      : '';
  const freshen = freshenEntries(
    captured,
    'select d.key collate "C" as key, d.key as text from unnest(touched) d(key)',
    match,
  );
  const looks = isSource ? 'true' : `how <> 'locked'`;
  return {
    name: `settle_${id}`,
    parameters: 'touched text[], how text',
    returns: 'bigint',
    language: 'plpgsql',
    volatility: 'volatile',
    body: `
declare
  client uuid := nullif(current_setting('satchel.writer', true), '')::uuid;
  moved text[] := '{}';
  followers text[];
  stamp bigint;
  transaction xid8;
begin
  if touched = '{}' then return null; end if;
  ${locks(captured)}
  if how = 'force' then
    moved := touched;
  elsif ${looks} then
    moved := ${movedKeys(captured)};
  end if;
  ${writeMoved}
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    insert into satchel.moved (table_id, key)
    select ${id}, m.key from unnest(case when how = 'member' then touched else moved end) m(key)
    on conflict do nothing;
  end if;
  if how in ('follow', 'member') then touched := moved; end if;
  if touched = '{}' then return null; end if;
  stamp := nextval('satchel.version');
  transaction := pg_current_xact_id();
  if how <> 'locked' and ${younger(captured)} then
    begin
      ${freshen}
    exception when no_data_found then raise;
    end;
  else
    ${freshen}
  end if;
  ${children}
  return stamp;
end`,
  };
};
