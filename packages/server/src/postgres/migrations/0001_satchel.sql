-- Everything that Satchel keeps beside an app's own tables. Keys and scopes compare
-- by code unit (collate "C"): the order is the same on every server and device.

create schema if not exists satchel;

-- Facts about this database: app name, schema version, hash of the app's definition.
create table satchel.meta (
  name  text primary key,
  value jsonb not null
);

-- Small numbers for tables, so that entries and audit stay narrow.
create table satchel.tables (
  table_id smallint generated always as identity primary key,
  name     text not null unique
);

-- Row versions. Taken under the row's lock, so they rise row by row in commit order.
create sequence satchel.version as bigint;

-- UTC milliseconds. A test or the simulation sets satchel.now to hold time still.
create function satchel.now_ms() returns bigint
language sql stable
set search_path = pg_catalog
as $$
  select coalesce(
    nullif(current_setting('satchel.now', true), '')::bigint,
    floor(extract(epoch from clock_timestamp()) * 1000)::bigint)
$$;

-- One entry per (scope, table, key): the newest thing that happened to the row in
-- that scope. xid is the top-level transaction (pg_current_xact_id), never a system
-- column, which would be the subtransaction's.
create table satchel.entries (
  table_id smallint not null,
  key      text collate "C" not null,
  scope    text collate "C" not null,
  xid      xid8 not null,
  version  bigint not null,
  present  boolean not null,
  -- why it is gone: the row was deleted, or it left the scope
  deleted  boolean not null default false,
  -- the client whose push wrote it; null for plain SQL
  writer   uuid,
  primary key (table_id, key, scope)
) with (fillfactor = 90);

-- The delta and the backfill both walk this index.
create index entries_by_xid on satchel.entries (scope, xid, table_id, key)
  include (version, present, deleted);

-- What may be pruned once every client has it.
create index entries_gone on satchel.entries (xid) where not present;

-- One row per parent row that others take their scope from: what their triggers lock.
create table satchel.registry (
  table_id smallint not null,
  key      text collate "C" not null,
  scopes   text[] collate "C" not null default '{}',
  primary key (table_id, key)
);

-- Keys that a mover above READ COMMITTED left for a READ COMMITTED worker to look at again.
create table satchel.moved (
  table_id smallint not null,
  key      text collate "C" not null,
  xid      xid8 not null default pg_current_xact_id(),
  primary key (table_id, key, xid)
);

create table satchel.clients (
  client_id     uuid primary key,
  principal     text not null,
  user_id       text not null,
  device_name   text,
  platform      text,
  app_version   text,
  first_seen_at bigint not null,
  last_heard_at bigint not null,
  pending       integer not null default 0,
  clock_offset  bigint,
  -- the client has everything of the transactions below this one
  holds_below   xid8,
  -- null, 'lock' or 'wipe'
  revoked       text,
  revoked_at    bigint
);
create index clients_by_heard on satchel.clients (last_heard_at);
create index clients_revoked on satchel.clients (revoked_at) where revoked is not null;

-- Each opening of a client database. The ranges of settled seq stay for ever: a
-- mutation in them is a repeat, whatever its age.
create table satchel.runs (
  client_id     uuid not null,
  run_id        uuid not null,
  first_seen_at bigint not null,
  last_heard_at bigint not null,
  settled       int8multirange not null default '{}',
  acked         int8multirange not null default '{}',
  -- what the client last said: the seq from which the run uses the keys of new-key outcomes
  renamed_from  bigint,
  primary key (client_id, run_id)
);

-- Push requests as they came, before their mutations were tried.
create table satchel.batches (
  batch_id    uuid not null,
  principal   text not null,
  client_id   uuid not null,
  received_at bigint not null,
  request_id  text,
  address     text,
  channel     text not null,
  roles       text[] not null,
  claims      jsonb not null,
  body        text not null,
  primary key (principal, batch_id)
);
create index batches_by_id on satchel.batches (batch_id);
create index batches_by_time on satchel.batches (received_at);

-- One row per mutation: the claim of its id and its first outcome, in the same
-- transaction as its effect. xid lets pages carry the outcomes that their snapshot sees.
create table satchel.mutations (
  principal   text not null,
  mutation_id uuid not null,
  client_id   uuid not null,
  run_id      uuid not null,
  seq         bigint not null,
  batch_id    uuid,
  -- sha-256 of the mutation's canonical JSON
  hash        bytea not null,
  author      text not null,
  hlc         text not null,
  received_at bigint not null,
  -- 'settled', 'held' (waits for a parent), 'review' (waits for a person)
  state       text not null default 'settled',
  outcome     jsonb,
  -- the mutation itself, while it is held or under review
  body        jsonb,
  xid         xid8 not null default pg_current_xact_id(),
  primary key (principal, mutation_id)
) with (fillfactor = 90);
create index mutations_by_client on satchel.mutations (client_id, xid);
create index mutations_by_seq on satchel.mutations (client_id, run_id, seq);
create index mutations_waiting on satchel.mutations (state, client_id) where state <> 'settled';

-- Mutations that wait for a row to appear.
create table satchel.held (
  principal    text not null,
  mutation_id  uuid not null,
  parent_table smallint not null,
  parent_key   text collate "C" not null,
  until        bigint not null,
  primary key (principal, mutation_id)
);
create index held_by_parent on satchel.held (parent_table, parent_key);

-- Keys that the server gave instead, for a client's later mutations.
create table satchel.renames (
  client_id   uuid not null,
  table_id    smallint not null,
  old_key     text collate "C" not null,
  new_key     text collate "C" not null,
  run_id      uuid not null,
  seq         bigint not null,
  mutation_id uuid not null,
  -- the run and seq from which the client uses the new key; null until it said so
  renamed_run  uuid,
  renamed_from bigint,
  primary key (client_id, table_id, old_key)
);

create table satchel.conflicts (
  conflict_id  uuid primary key,
  table_id     smallint not null,
  key          text collate "C" not null,
  kind         text not null,
  -- 'open', 'escalated', 'settled'
  state        text not null,
  columns      text[] not null,
  -- kind 'unique': the row that has the value
  holder       text collate "C",
  base         jsonb,
  client       jsonb,
  server       jsonb,
  result       jsonb,
  -- what the row was before the decision, for undo, and the version it then had
  undo         jsonb,
  version      bigint,
  policy       text not null,
  reason       text,
  notify       text not null default 'none',
  decided_who  jsonb not null default '"administrators"',
  flags        text[] not null default '{}',
  principal    text not null,
  author       text not null,
  client_id    uuid,
  mutation_ids uuid[] not null,
  decision     text,
  -- the ruling column by column, where it was not made whole
  fields       jsonb,
  decided_by   text,
  note         text,
  created_at   bigint not null,
  decided_at   bigint,
  expires_at   bigint,
  expire_then  text
);
create index conflicts_by_row on satchel.conflicts (table_id, key);
create index conflicts_open on satchel.conflicts (created_at) where state <> 'settled';
create index conflicts_expiring on satchel.conflicts (expires_at) where state <> 'settled' and expires_at is not null;

-- Append-only: what happened to each row, by whom, before and after.
create table satchel.audit (
  audit_id    bigint generated always as identity primary key,
  at          bigint not null,
  xid         xid8 not null default pg_current_xact_id(),
  table_id    smallint not null,
  key         text collate "C" not null,
  op          text not null,
  before      jsonb,
  after       jsonb,
  version     bigint,
  -- 'push', 'sql', 'resolve', 'undo', 'expire', 'replay', 'offer'
  source      text not null,
  mutation_id uuid,
  client_id   uuid,
  user_id     text,
  channel     text
);
create index audit_by_row on satchel.audit (table_id, key, audit_id);

-- Last writer of a field, where a policy needs it (latest-wins, earliest-wins, role-wins).
create table satchel.writers (
  table_id    smallint not null,
  key         text collate "C" not null,
  column_name text not null,
  hlc         text not null,
  roles       text[] not null default '{}',
  mutation_id uuid,
  version     bigint,
  primary key (table_id, key, column_name)
);

-- (time, lsn, snapshot) each second of activity: dates the horizon, turns a time into
-- a cursor, tells what survived a crash, a failover or a restore.
create table satchel.moments (
  moment_id  bigint generated always as identity primary key,
  generation bigint not null,
  at         bigint not null,
  lsn        pg_lsn not null,
  snapshot   pg_snapshot not null
);
create index moments_by_time on satchel.moments (at);
create index moments_by_lsn on satchel.moments (generation, lsn);

-- Histories of this database. A new one opens when the server's identity changed.
create table satchel.generations (
  -- rises with random gaps, so that no two histories share a number
  generation        bigint primary key,
  -- the identity of the history: clients start over in another one
  epoch             text not null,
  system_identifier text not null,
  timeline          integer not null,
  postmaster_start  timestamptz not null,
  moments_oid       oid not null,
  -- what the generation before is known to have kept; null for the first
  survived_lsn      pg_lsn,
  -- the newest snapshot that survived; null for the first
  survived_snapshot pg_snapshot,
  opened_at         bigint not null
);

-- A snapshot each hour: what gone entries may be pruned up to.
create table satchel.hours (
  at       bigint primary key,
  snapshot pg_snapshot not null
);

-- Gone entries visible in the snapshot may have been pruned from the scope.
create table satchel.horizons (
  scope    text collate "C" primary key,
  snapshot pg_snapshot not null
);

-- Per field, the highest version offered again after an epoch change.
create table satchel.offers (
  epoch       text not null,
  table_id    smallint not null,
  key         text collate "C" not null,
  column_name text not null,
  version     bigint not null,
  primary key (epoch, table_id, key, column_name)
);

-- Work for onApplied functions, kept until they returned.
create table satchel.applied (
  applied_id  bigint generated always as identity primary key,
  mutation_id uuid not null,
  user_id     text not null,
  table_id    smallint not null,
  op          text not null,
  key         text collate "C" not null,
  before      jsonb,
  after       jsonb,
  attempts    integer not null default 0,
  next_at     bigint not null
);
create index applied_due on satchel.applied (next_at);
