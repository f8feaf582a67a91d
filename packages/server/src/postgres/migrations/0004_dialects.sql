-- What the HTTP dialects keep. Their clients know neither cursors nor mutations: what
-- was made of their times and items stands here, so that a repeat is the same.

-- Devices by the names that they give themselves; seq counts their mutations.
create table satchel.dialect_devices (
  client_id  uuid primary key,
  device_id  text not null,
  next_seq   bigint not null default 1,
  -- the highest time that was given out as a stamp
  last_stamp bigint not null default 0
);

-- Times that the server gave a device, and the cursors that they stand for: by set of
-- tables, as JSON. Null: the device has nothing yet.
create table satchel.dialect_stamps (
  client_id uuid not null,
  at        bigint not null,
  cursors   text,
  primary key (client_id, at)
);

-- Items by device, name and version, with the place of their change in the native
-- request that was made of them.
create table satchel.dialect_items (
  client_id      uuid not null,
  item_id        uuid not null,
  hash           bytea not null,
  batch_id       uuid not null,
  mutation_id    uuid not null,
  mutation_place integer not null,
  change_place   integer not null,
  primary key (client_id, item_id)
);

-- Requests as they came. The native request made of one stands in satchel.batches.
create table satchel.dialect_batches (
  batch_id    uuid primary key,
  principal   text not null,
  client_id   uuid not null,
  dialect     text not null,
  received_at bigint not null,
  body        text not null
);
-- Kept for the day when somebody asks: packing it costs more than it saves.
alter table satchel.dialect_batches alter column body set storage external;
create index dialect_batches_by_time on satchel.dialect_batches (received_at);
