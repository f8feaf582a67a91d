import type { CaptureFunction } from './capture-plan.ts';

/** `encodeScopeValue` of core: every byte of UTF-8 that is not a letter, a digit or one of `-_.~` becomes `%XX`. */
const encodeScopeValue: CaptureFunction = {
  name: 'encode_scope_value',
  parameters: 'value text',
  returns: 'text',
  language: 'sql',
  volatility: 'immutable',
  body: `
  select pg_catalog.string_agg(
    case when c.letter operator(pg_catalog.~) '^[0-9A-Za-z_.~-]$' then c.letter
    else pg_catalog.upper(pg_catalog.regexp_replace(
      pg_catalog.encode(pg_catalog.convert_to(c.letter, 'UTF8'), 'hex'), '(..)', '%\\1', 'g'))
    end, '' order by c.at)
  from pg_catalog.regexp_split_to_table(value, '') with ordinality c(letter, at)
`,
};

/**
 * Locks the registry rows of some keys of a table, making those that are not there, in
 * key order. A row may be swept away while it is waited for: then it is made again.
 *
 * Shared: by rows that take their scopes from these, or that members name. Exclusive:
 * by what changes the scopes. Above READ COMMITTED the shared lock is FOR SHARE, which
 * fails (40001) where a mover has committed since the snapshot.
 */
const lockRegistry: CaptureFunction = {
  name: 'lock_registry',
  parameters: 'of_table integer, of_keys text[], exclusively boolean',
  returns: 'void',
  language: 'plpgsql',
  volatility: 'volatile',
  body: `
declare
  wanted text[] := array(
    select distinct k.key collate "C" from unnest(of_keys) k(key) where k.key is not null order by 1);
  locked bigint;
begin
  if wanted = '{}' then return; end if;
  loop
    insert into satchel.registry (table_id, key)
    select of_table, k.key
    from unnest(wanted) k(key)
    where not exists (
      select from satchel.registry r where r.table_id = of_table and r.key = k.key collate "C")
    order by k.key collate "C"
    on conflict do nothing;
    if exclusively then
      select count(*) into locked from (
        select from satchel.registry r
        where r.table_id = of_table and r.key = any (wanted)
        order by r.key for update) l;
    elsif current_setting('transaction_isolation') in ('read committed', 'read uncommitted') then
      select count(*) into locked from (
        select from satchel.registry r
        where r.table_id = of_table and r.key = any (wanted)
        order by r.key for key share) l;
    else
      select count(*) into locked from (
        select from satchel.registry r
        where r.table_id = of_table and r.key = any (wanted)
        order by r.key for share) l;
    end if;
    exit when locked = cardinality(wanted);
  end loop;
end`,
};

export const SHARED_FUNCTIONS: readonly CaptureFunction[] = [encodeScopeValue, lockRegistry];
