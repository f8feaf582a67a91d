import { type CapturedTable, scopesExpression } from './captured-table.ts';

/**
 * SQL that brings the entries of some rows up to what the tables say now. Used inside
 * trigger functions, which have the variables `stamp` (version), `transaction` (xid8)
 * and `client` (uuid or null).
 *
 * Keys are all that is taken from outside: scopes and presence come from the tables,
 * what went from the entries that the key has. LIMIT keeps the planner from turning the
 * look-up by key into a join whose cached plan would read the whole table.
 */
export const freshenEntries = (
  captured: CapturedTable,
  /** SELECT of the column `key`, collated by code unit, and those that `match` reads. */
  keys: string,
  /** Condition that row `t` is the one of key `k`. */
  match: string,
): string => `insert into satchel.entries as e (table_id, key, scope, xid, version, present, deleted, writer)
  select ${captured.id}, f.key, f.scope, transaction, stamp, f.present, f.deleted, client
  from (
    select k.key, s.scope, s.present, s.deleted
    from (${keys}) k
    left join lateral (
      select ${scopesExpression(captured, 't')} as scopes
      from ${captured.relation.sql} t
      where ${match}
      limit 1
    ) r on true
    cross join lateral (
      select n.scope, true as present, false as deleted from unnest(r.scopes) n(scope)
      union all
      select o.scope, false, r.scopes is null
      from satchel.entries o
      where o.table_id = ${captured.id} and o.key = k.key and o.present
        and (r.scopes is null or o.scope <> all (r.scopes))
    ) s
  ) f
  order by f.key, f.scope
  on conflict (table_id, key, scope) do update
  set xid = excluded.xid,
      version = greatest(e.version, excluded.version),
      present = excluded.present,
      deleted = excluded.deleted,
      writer = excluded.writer;`;
