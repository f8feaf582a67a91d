import { type CapturedTable, rowKey, scopesExpression } from './captured-table.ts';

/**
 * - `missing`: the row is in the scope, the entries do not say so.
 * - `extra`: the entries say so, the row is not in the scope (or not there).
 * - `stale`: the row was written after its entry was stamped, by something that went
 *   round the triggers (logical apply, a disabled trigger): clients do not know.
 */
export type EntryState = 'missing' | 'extra' | 'stale';

export interface EntryDifference {
  readonly table: string;
  readonly key: string;
  readonly scope: string;
  readonly state: EntryState;
}

/**
 * SELECT of (key, scope, state): where a table's entries are not what its rows say.
 *
 * An entry is written in the same subtransaction as the row, or a later one; so a row
 * whose system xmin is younger than its entry's was written without capture. Only ages
 * are compared, never xmin with the entry's own xid, which is the top-level one.
 */
export const entryDifferences = (captured: CapturedTable): string => `
with r as materialized (
  select ${rowKey(captured, 't')} as key, ${scopesExpression(captured, 't')} as scopes, age(t.xmin) as age
  from ${captured.relation.sql} t
),
e as materialized (
  select key, scope, age(xmin) as age from satchel.entries where table_id = ${captured.id} and present
)
select r.key, s.scope, 'missing' as state
from r cross join lateral unnest(r.scopes) s(scope)
left join e on e.key = r.key and e.scope = s.scope
where e.key is null
union all
select e.key, e.scope, 'extra'
from e left join r on r.key = e.key
where r.key is null or e.scope <> all (r.scopes)
union all
select e.key, e.scope, 'stale'
from r join e on e.key = r.key
where r.age < e.age and e.scope = any (r.scopes)`;
