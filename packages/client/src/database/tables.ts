import { affinityOf, sqliteLiteral } from './columns.ts';
import { HOLD_COLUMN, type LocalTable, VERSION_COLUMN } from './local-table.ts';

/** Format of the engine's own tables; raised when they change. */
export const STORE_FORMAT = 1;

/**
 * The engine's own tables. Only what is not yet on the server costs rows here: a
 * synced row that one scope holds is one row in its own table and nothing else.
 *
 * `satchel_txn.mode` is `write` at rest, so that nothing written by anybody is missed;
 * it is `apply` only inside the transactions in which the engine lays down server rows.
 *
 * `satchel_outbox.acked` is 0 until the server was told that the mutation is settled, and
 * 2 until a view that was read after that is in. Then it is the server's time of that
 * view, or 1 where the view came without a time, until the next page brings one.
 */
export const STORE_TABLES = `
create table if not exists satchel_meta (name text primary key, value text) without rowid;
create table if not exists satchel_txn (
  id integer primary key check (id = 1),
  mode text not null,
  millis integer not null
);
insert into satchel_txn (id, mode, millis) select 1, 'write', 0 where not exists (select 1 from satchel_txn);
create table if not exists satchel_outbox (
  position integer primary key autoincrement,
  mutation_id text not null unique,
  client_id text not null,
  run_id text not null,
  seq integer not null,
  hlc text not null,
  author text not null,
  schema_version integer not null,
  name text,
  state text not null,
  lane text not null,
  bytes integer not null,
  created_at integer not null,
  first_change integer,
  last_change integer,
  attempts integer not null default 0,
  next_at integer,
  ever_sent integer not null default 0,
  batch_id text,
  blocked_by text,
  held_until integer,
  body text,
  outcome text,
  problem text,
  offer text,
  settled_at integer,
  acked integer not null default 0,
  tables text not null
);
drop index if exists satchel_outbox_told;
create index if not exists satchel_outbox_state on satchel_outbox (state, lane, position) where state <> 'settled';
create index if not exists satchel_outbox_changes on satchel_outbox (first_change) where first_change is not null;
create index if not exists satchel_outbox_acked on satchel_outbox (run_id, seq) where settled_at is not null and acked = 0;
create index if not exists satchel_outbox_undated on satchel_outbox (acked) where acked = 1 or acked = 2;
create table if not exists satchel_once (id text primary key, at integer not null, result text) without rowid;
create table if not exists satchel_changes (
  change_id integer primary key,
  tbl text not null,
  op text not null,
  key text not null,
  new text,
  old text,
  version integer,
  hold integer,
  bytes integer,
  suspect integer,
  confirmed text,
  seen text,
  after text
);
create index if not exists satchel_changes_row on satchel_changes (tbl, key);
create table if not exists satchel_base (
  tbl text not null,
  key text not null,
  version integer not null,
  hold integer,
  row text,
  gone text,
  primary key (tbl, key)
) without rowid;
create table if not exists satchel_erased (
  tbl text not null,
  key text not null,
  version integer not null,
  primary key (tbl, key)
) without rowid;
create table if not exists satchel_unsure (tbl text not null, key text not null, primary key (tbl, key)) without rowid;
create table if not exists satchel_scopes (
  scope_no integer primary key autoincrement,
  scope text not null,
  tbl text not null,
  stale integer not null default 0
);
create index if not exists satchel_scopes_scope on satchel_scopes (scope, tbl);
create table if not exists satchel_holds (
  tbl text not null,
  key text not null,
  scope_no integer not null,
  primary key (tbl, key, scope_no)
) without rowid;
create index if not exists satchel_holds_scope on satchel_holds (scope_no);
create table if not exists satchel_stage (stage_no integer primary key, kind text not null, scope text, line text not null);
create table if not exists satchel_conflicts (
  conflict_id text primary key,
  tbl text not null,
  key text not null,
  state text not null,
  created_at integer not null,
  body text not null
) without rowid;
create table if not exists satchel_runs (
  run_no integer primary key,
  started_at integer not null,
  body text not null
);
create table if not exists satchel_meter (
  day text not null,
  traffic text not null,
  direction text not null,
  action text not null,
  bytes integer not null,
  primary key (day, traffic, direction, action)
) without rowid;
`;

/**
 * The table of an app. No column is NOT NULL (a column may be hidden from this user)
 * and nothing refers by SQL (rows come in any order); what the app demands of values
 * is checked when a local write is captured.
 */
export const createTable = (local: LocalTable, quoted: string = local.quoted): string => {
  const columns = local.columns.map(({ column, quoted: name }) => {
    const fallback =
      column.defaultValue === undefined ? '' : ` default ${sqliteLiteral(column, column.defaultValue)}`;
    return `${name} ${affinityOf(column)}${fallback}`;
  });
  const key = `primary key (${local.keyColumns.map(({ quoted: name }) => name).join(', ')})`;
  return `create table ${quoted} (${[...columns, `${VERSION_COLUMN} integer`, `${HOLD_COLUMN} integer`, key].join(', ')})`;
};

export interface LocalIndex {
  readonly name: string;
  readonly unique: boolean;
  readonly sql: string;
}

/** Indexes of the app on the table, and the one that finds its rows by hold. */
export const localIndexes = (local: LocalTable): LocalIndex[] => {
  const of = (unique: boolean) => (names: readonly string[]) => {
    const columns = names.map((name) => local.columns.find((column) => column.name === name)!.quoted);
    const name = `satchel_${unique ? 'unique' : 'index'}_${local.sqlName}_${names.join('_').toLowerCase()}`;
    return {
      name,
      unique,
      sql: `create ${unique ? 'unique ' : ''}index if not exists "${name}" on ${local.quoted} (${columns.join(', ')})`,
    };
  };
  return [...local.table.unique.map(of(true)), ...local.table.indexes.map(of(false))];
};
