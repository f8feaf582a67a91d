/** SQLSTATE of the word that a transaction has noted something: its id. */
export const NOTED = 'SIM01';

/**
 * Row triggers of the simulation's own: they note every change of an app's row, of the
 * rights and of the stored outcomes, so that each commit can be told whole and in order
 * by something that shares nothing with Satchel's capture. Whose transaction has noted
 * something is told so: after most commits there is nothing to read.
 */
export const PROBE = `
create schema if not exists sim;
create table if not exists sim.log (
  n bigint generated always as identity, xid xid8 not null default pg_current_xact_id(),
  tbl text not null, op text not null, before jsonb, after jsonb);
create index if not exists log_xid on sim.log (xid);
create or replace function sim.note() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and to_jsonb(old) = to_jsonb(new) then return null; end if;
  insert into sim.log (tbl, op, before, after) values (tg_table_name, lower(tg_op),
    case when tg_op = 'INSERT' then null else to_jsonb(old) end,
    case when tg_op = 'DELETE' then null else to_jsonb(new) end);
  raise info using message = pg_current_xact_id()::text, errcode = '${NOTED}';
  return null;
end $$;
create or replace function sim.watch() returns void language plpgsql as $$
declare t record;
begin
  for t in
    select c.oid::regclass as name from pg_class c join pg_namespace s on s.oid = c.relnamespace
    where c.relkind = 'r' and (s.nspname = 'public' or (s.nspname = 'satchel' and c.relname = 'mutations'))
      and not exists (select from pg_trigger g where g.tgrelid = c.oid and g.tgname = 'sim_note')
  loop
    execute format('create trigger sim_note after insert or update or delete on %s for each row execute function sim.note()', t.name);
  end loop;
end $$;
select sim.watch();`;
