import { quoteIdentifier } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import { DEVICE_DOCUMENT_VIEWS, rowViewName } from '@satchel/schema';
import type { EngineContext } from '../engine-context.ts';
import { imageOf, keyExpression, type LocalColumn, type LocalTable, VERSION_COLUMN } from './local-table.ts';
import { readMeta, writeMeta } from './meta.ts';

const META = 'document-views';
/** What the others are made from: one row for each change in the outbox, settled ones too. */
const CHANGES_VIEW = 'satchel_document_changes';

interface View {
  readonly name: string;
  readonly sql: string;
}

/** Takes away what was made at the last opening: views must not stand in the way of tables that change. */
export const dropDocumentViews = ({ db }: EngineContext): void => {
  const made = readMeta(db, META);
  if (!Array.isArray(made)) return;
  for (const name of made)
    if (typeof name === 'string') db.exec(`drop view if exists ${quoteIdentifier(name)}`);
};

/**
 * Makes the source documents' tables as views, where the app asks for them. They are
 * read through SQL only; the engine neither reads nor writes them.
 *
 * @throws `app_invalid` where an object of the app's own has the name of one
 */
export const createDocumentViews = (context: EngineContext): void => {
  const { app, db } = context;
  const views = app.documentViews.device ? documentViews(context) : [];
  for (const { name, sql } of views) {
    const taken = db.prepare('select type from sqlite_schema where name = ? collate nocase').get([name]);
    if (taken !== undefined) {
      throw new SatchelError('app_invalid', {
        where: 'documentViews.device',
        mistake: `the local database has a ${String(taken.type)} ${name} of the app's own`,
        remedy: 'Rename it, or leave documentViews.device out.',
      });
    }
    db.exec(`create view ${quoteIdentifier(name)} as ${sql}`);
  }
  if (views.length > 0 || readMeta(db, META) !== undefined)
    writeMeta(
      db,
      META,
      views.map(({ name }) => name),
    );
};

const documentViews = (context: EngineContext): readonly View[] => {
  const texts: Readonly<Record<(typeof DEVICE_DOCUMENT_VIEWS)[number], string>> = {
    sync_queue: SYNC_QUEUE,
    pending_changes: PENDING_CHANGES,
    sync_conflicts: syncConflicts(context),
    sync_metadata: syncMetadata(context),
  };
  return [
    { name: CHANGES_VIEW, sql: documentChanges(context) },
    ...DEVICE_DOCUMENT_VIEWS.map((name) => ({ name, sql: texts[name] })),
    ...[...context.tables.values()].map((local) => ({
      name: rowViewName(local.name),
      sql: documentRows(local),
    })),
  ];
};

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** Columns that a person writes: the server gives the rest. */
const written = ({ columns }: LocalTable): readonly LocalColumn[] =>
  columns.filter(({ column }) => column.type !== 'serverId' && column.type !== 'modifiedAt');

const sqlNameOf = ({ quoted }: LocalColumn): string => quoted.slice(1, -1);

/** `names(c, p)`: SQL name of each column, and the path of its value in canonical JSON. */
const nameList = (columns: readonly LocalColumn[]): string =>
  `(${columns
    .map((column, at) =>
      at === 0
        ? `select ${text(sqlNameOf(column))} as c, ${text(`$.${column.name}`)} as p`
        : `select ${text(sqlNameOf(column))}, ${text(`$.${column.name}`)}`,
    )
    .join(' union all ')})`;

/** By table: `of` of the table that `tbl` names. */
const byTable = (tables: Iterable<LocalTable>, tbl: string, of: (local: LocalTable) => string): string =>
  `case ${tbl} ${[...tables].map((local) => `when ${text(local.name)} then ${of(local)}`).join(' ')} end`;

/** An object of canonical values with the names that SQL has for them; null for null. */
const withSqlNames = (local: LocalTable, image: string): string =>
  `(select json_group_object(m.c, json(i.j -> m.p)) filter (where i.j -> m.p is not null)
    from (select ${image} as j) i, ${nameList(local.columns)} m where i.j is not null having count(*) > 0)`;

/** What a change wrote: all of a new row, of an old one the columns that differ. */
const dataOf = (local: LocalTable): string => {
  const names = nameList(written(local));
  const image = `coalesce(c.new,
      (select n.old from satchel_changes n where n.tbl = c.tbl and n.key = c.key and n.change_id > c.change_id
        order by n.change_id limit 1),
      (select ${imageOf(local, 't')} from ${local.quoted} t where ${keyExpression(local, 't')} = c.key))`;
  return `(select json_group_object(m.c, json(i.j -> m.p))
    filter (where i.j -> m.p is not null and (c.op = 'insert' or i.j -> m.p is not c.old -> m.p))
    from (select ${image} as j) i, ${names} m where c.op <> 'delete')`;
};

/** A change's number: that of its mutation, which is never given again, and its place in it. */
const NUMBER = (place: string): string => `o.position * 16777216 + ${place}`;

const documentChanges = ({ app, tables }: EngineContext): string => {
  const all = [...tables.values()];
  const names = (tbl: string): string =>
    `${byTable(all, tbl, ({ sqlName }) => text(sqlName))} as table_name,
     ${byTable(all, tbl, ({ name, sqlName }) => text(app.http.names[name]?.one ?? sqlName))} as entity`;
  const entry = 'o.mutation_id, o.state, o.created_at, o.attempts, o.lane, o.problem';
  return `
    select ${NUMBER('row_number() over (partition by o.position order by c.change_id) - 1')} as id,
      ${entry}, c.tbl, ${names('c.tbl')}, c.op, c.key,
      case when c.op <> 'delete' then ${byTable(all, 'c.tbl', dataOf)} end as data
    from satchel_outbox o cross join satchel_changes c on c.change_id between o.first_change and o.last_change
    where o.first_change is not null
    union all
    select ${NUMBER('h.key')}, ${entry}, h.value ->> '$.table', ${names("h.value ->> '$.table'")},
      h.value ->> '$.op', h.value ->> '$.key',
      case when h.value ->> '$.op' <> 'delete' then
        ${byTable(all, "h.value ->> '$.table'", (local) => withSqlNames(local, "h.value -> '$.values'"))} end
    from satchel_outbox o, json_each(o.body, '$.changes') h
    where o.first_change is null and o.body is not null`;
};

/** A change that waits for a person was sent, and has no answer yet that lasts. */
const SYNC_QUEUE = `
  select id, table_name, key as record_id, upper(op) as operation, data, created_at as timestamp,
    attempts as retry_count,
    case state when 'in-flight' then 'syncing' when 'review' then 'syncing' when 'settled' then 'synced'
      when 'failed' then 'failed' when 'quarantined' then 'failed' else 'pending' end as status,
    case op when 'insert' then 'create' else op end || '_' || entity as action_type,
    entity as entity_type, key as entity_id, data as payload
  from ${CHANGES_VIEW}`;

const PENDING_CHANGES = `
  select id, table_name, key as record_id, upper(op) as operation, data, created_at,
    case state when 'settled' then 1 else 0 end as synced
  from ${CHANGES_VIEW}`;

/** The last 12 hexadecimal digits of a conflict's id, as a number. */
const CONFLICT_NUMBER = Array.from(
  { length: 12 },
  (_, at) => `(instr('0123456789abcdef', substr(x.conflict_id, ${25 + at}, 1)) - 1) * ${16 ** (11 - at)}`,
).join(' + ');

const syncConflicts = ({ tables }: EngineContext): string => {
  const all = [...tables.values()];
  const side = (name: 'client' | 'server'): string =>
    byTable(all, 'x.tbl', (local) => withSqlNames(local, `nullif(x.body -> '$.${name}', 'null')`));
  return `
    select ${CONFLICT_NUMBER} as id, ${byTable(all, 'x.tbl', ({ sqlName }) => text(sqlName))} as table_name,
      x.key as record_id, ${side('client')} as local_data, ${side('server')} as server_data,
      case x.body ->> '$.kind' when 'delete' then 'DELETE_UPDATE' when 'insert' then 'ID_COLLISION'
        when 'unique' then 'ID_COLLISION' else 'UPDATE_UPDATE' end as conflict_type,
      x.created_at, case x.state when 'settled' then 1 else 0 end as resolved
    from satchel_conflicts x`;
};

const syncMetadata = ({ tables }: EngineContext): string => {
  const fact = (name: string): string => `(select value ->> '$' from satchel_meta where name = '${name}')`;
  return [...tables.values()]
    .map(
      ({ name, sqlName }) => `
        select ${text(sqlName)} as table_name, ${fact('client')} as device_id,
          cast(${fact('checkpoint-at')} as integer) as last_sync_timestamp,
          (select count(*) from satchel_changes c where c.tbl = ${text(name)}) as pending_changes`,
    )
    .join(' union all ');
};

/** A table's rows with what the documents want to know of each; a row deleted here stays until that is settled. */
const documentRows = (local: LocalTable): string => {
  const tbl = text(local.name);
  const key = keyExpression(local, 't');
  const ofRow = (alias: string): string => `${alias}.tbl = ${tbl} and ${alias}.key = ${key}`;
  const [stamped] = local.modifiedAt;
  const state = `(select o.state from satchel_outbox o where o.first_change <= c.change_id
      order by o.first_change desc limit 1)`;
  const live = `
    select ${local.columns.map(({ quoted }) => `t.${quoted}`).join(', ')},
      case when exists (select 1 from satchel_conflicts x where ${ofRow('x')} and x.state <> 'settled')
             or exists (select 1 from satchel_base b where ${ofRow('b')} and b.gone is not null) then 'conflict'
        else coalesce((select case when sum(p.state = 'review') > 0 then 'conflict'
                                   when sum(p.state in ('failed', 'blocked')) > 0 then 'failed' else 'pending' end
                         from (select ${state} as state from satchel_changes c where ${ofRow('c')}) p
                       having count(*) > 0), 'synced') end as sync_status,
      coalesce((select max(o.created_at) from satchel_changes c join satchel_outbox o
                  on o.first_change <= c.change_id and o.last_change >= c.change_id where ${ofRow('c')}),
               ${stamped === undefined ? 'null' : `t.${stamped.quoted}`}) as last_modified,
      coalesce((select b.version from satchel_base b where ${ofRow('b')}), t.${VERSION_COLUMN}, 1) as version,
      0 as is_deleted
    from ${local.quoted} t`;
  const deleted = `
    select ${local.columns.map(({ name }) => `b.row ->> ${text(`$.${name}`)}`).join(', ')},
      'pending', (select max(o.created_at) from satchel_changes c join satchel_outbox o
        on o.first_change <= c.change_id and o.last_change >= c.change_id where c.tbl = b.tbl and c.key = b.key),
      b.version, 1
    from satchel_base b
    where b.tbl = ${tbl} and b.row is not null
      and not exists (select 1 from ${local.quoted} t where ${key} = b.key)`;
  return `${live} union all ${deleted}`;
};
