-- What every mutation pays for.

-- A request is written once and hardly ever read. PostgreSQL's own compression was a
-- tenth of all the CPU that an upload cost it (8 µs a mutation, 3 without); lz4, where
-- the server was built with it, takes a fraction of that, elsewhere the text stays as it is.
do $$
begin
  if exists (select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)) then
    alter table satchel.batches alter column body set compression lz4;
  else
    alter table satchel.batches alter column body set storage external;
  end if;
end
$$;

-- One index of a client's mutations instead of two: pages ask for them by xid, and what
-- is asked by run and seq (what a run has still to send, where a row is missing) finds
-- them among the client's own, which are few: outcomes go once they were acknowledged.
drop index satchel.mutations_by_client;
drop index satchel.mutations_by_seq;
create index mutations_by_client on satchel.mutations (client_id, xid, run_id, seq);
