-- What operators are shown of devices, of what was received, and what they are alerted to.

alter table satchel.clients
  add column last_upload_at   bigint,
  add column last_download_at bigint,
  -- mutations that the client said it gave up for now, or that were refused
  add column failed           integer not null default 0,
  add column quarantined      integer not null default 0;

-- Runs of devices' sync loops, as each device reports its own. Their times are of its
-- clock; told_at is of ours.
create table satchel.syncs (
  client_id      uuid not null,
  started_at     bigint not null,
  ended_at       bigint not null,
  told_at        bigint not null,
  trigger        text not null,
  -- error code; null where the run went through
  problem        text,
  sent_bytes     bigint not null,
  received_bytes bigint not null,
  mutations_up   integer not null,
  rows_down      integer not null,
  primary key (client_id, started_at)
);
create index syncs_by_time on satchel.syncs (told_at);

-- Changes that got an outcome, summed up by second, device and table; of updates also
-- by column. Insert-only: nobody waits for anybody.
create table satchel.received (
  at          bigint not null,
  client_id   uuid not null,
  table_id    smallint not null,
  -- null: the changes themselves
  column_name text,
  outcome     text not null,
  -- error code of what was rejected
  problem     text,
  -- milliseconds between the writing and the arrival, the longest of them
  waited      bigint not null,
  changes     integer not null
);
create index received_by_time on satchel.received (at);

-- Mutations that were refused; they stay when their outcome is collected.
create table satchel.refused (
  principal   text not null,
  mutation_id uuid not null,
  client_id   uuid not null,
  author      text not null,
  batch_id    uuid,
  received_at bigint not null,
  outcome     jsonb not null,
  primary key (principal, mutation_id)
);
create index refused_by_time on satchel.refused (received_at, mutation_id);

-- Pages that brought devices up to date: how old the oldest of what they brought was.
create table satchel.deliveries (
  at      bigint not null,
  devices integer not null,
  lag     bigint not null
);
create index deliveries_by_time on satchel.deliveries (at);

-- Alerts to operators. One stands until what it is about has fallen.
create table satchel.alerts (
  alert_id     uuid primary key,
  kind         text not null,
  -- what it is about, within its kind
  subject      text not null,
  raised_at    bigint not null,
  fell_at      bigint,
  facts        jsonb not null,
  -- of the webhook; next_at is null once it needs no more sending
  attempts     integer not null default 0,
  next_at      bigint,
  delivered_at bigint
);
create unique index alerts_standing on satchel.alerts (kind, subject) where fell_at is null;
create index alerts_due on satchel.alerts (next_at) where next_at is not null;
create index alerts_by_time on satchel.alerts (raised_at, alert_id);

create index conflicts_by_time on satchel.conflicts (created_at);
