import { createHash } from 'node:crypto';
import { columnToSql } from '@satchel/core';
import { type App, retryOf, SERVER_DOCUMENT_VIEWS } from '@satchel/schema';
import type { Queryable, Transaction } from './database.ts';
import { quoteText } from './quote.ts';

const SCHEMA = 'satchel_documents';
/** Hash of what was made. */
const META = 'documentViews';

/**
 * Makes the source documents' tables as views in schema `satchel_documents`, where the
 * app asks for them; takes them away where it asks no more. They are read through SQL
 * only (`set search_path = satchel_documents`): the server does not use them.
 */
export const installDocumentViews = async (tx: Transaction, app: App): Promise<void> => {
  const texts = textsOf(app);
  const wanted = hashOf(texts);
  const made = await madeHash(tx);
  if (made === wanted) return;
  // Made anew: `create or replace` cannot change the columns of a view.
  if (made !== null) await dropViews(tx);
  if (wanted === null) {
    await tx.query('delete from satchel.meta where name = $1', [META]);
    return;
  }
  await tx.query(`create schema if not exists ${SCHEMA}`);
  for (const text of texts) await tx.query(text);
  await tx.query(
    `insert into satchel.meta (name, value) values ($1, to_jsonb($2::text))
     on conflict (name) do update set value = excluded.value`,
    [META, wanted],
  );
};

/** Whether the views are as the app wants them. */
export const areDocumentViewsMade = async (db: Queryable, app: App): Promise<boolean> =>
  (await madeHash(db)) === hashOf(textsOf(app));

const textsOf = (app: App): readonly string[] =>
  app.documentViews.server ? [...FUNCTIONS, ...views(app)] : [];

const hashOf = (texts: readonly string[]): string | null =>
  texts.length === 0 ? null : createHash('sha256').update(texts.join(';')).digest('hex');

const madeHash = async (db: Queryable): Promise<unknown> => {
  const { rows } = await db.query<{ value: unknown }>('select value from satchel.meta where name = $1', [
    META,
  ]);
  return rows[0]?.value ?? null;
};

const dropViews = async (tx: Queryable): Promise<void> => {
  // Those made of the others first.
  for (const name of [...SERVER_DOCUMENT_VIEWS, HISTORY])
    await tx.query(`drop view if exists ${SCHEMA}.${name}`);
};

/** What the log and the items are made from: each change of each batch. */
const HISTORY = 'received_changes';

const FUNCTIONS: readonly string[] = [
  // Milliseconds of Satchel as the documents have times.
  `create or replace function ${SCHEMA}.moment(millis bigint) returns timestamptz
   language sql immutable strict parallel safe set search_path = pg_catalog
   as $$ select to_timestamp(millis / 1000.0) $$`,
  // Values by camelCase names, by those that SQL has.
  `create or replace function ${SCHEMA}.named(given jsonb) returns jsonb
   language sql immutable strict parallel safe set search_path = pg_catalog
   as $$
     select case when jsonb_typeof(given) <> 'object' then null else
       coalesce((select jsonb_object_agg(lower(regexp_replace(v.key, '([A-Z])', '_\\1', 'g')), v.value)
                   from jsonb_each(given) v), '{}') end
   $$`,
  // A request's text. NUL and lone surrogates, which jsonb cannot hold, come only in what was refused.
  `create or replace function ${SCHEMA}.parsed(body text) returns jsonb
   language plpgsql immutable strict parallel safe set search_path = pg_catalog
   as $$
     begin
       return body::jsonb;
     exception when data_exception then
       return regexp_replace(body, '\\\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '\\\\ufffd', 'g')::jsonb;
     end
   $$`,
];

/** By table of the app: the documents' name of one row, the lane, and the attempts that a device makes. */
const tableList = (app: App): string => {
  const rows = Object.values(app.tables).map(({ name, lane }) => {
    const entity = app.http.names[name]?.one ?? columnToSql(name);
    return `(${[name, columnToSql(name), entity, lane].map(quoteText).join(', ')}, ${app.lanes.indexOf(lane) + 1}, ${retryOf(app, name).attempts})`;
  });
  return `(values ${rows.join(', ')}) n(name, sql_name, entity, lane, rank, attempts)`;
};

const DEVICE = `left join satchel.dialect_devices dd on dd.client_id = c.client_id`;
const DEVICE_ID = `coalesce(dd.device_id, c.client_id::text)`;

const ACTION = `case ch.op when 'insert' then 'create' else ch.op end`;

const STRATEGY = `case when k.policy in ('review', 'ask') then 'manual' else replace(k.policy, '-', '_') end`;

const views = (app: App): readonly string[] => [
  // One row for each sync of each device, at least one for each; what is said of the device is the same in all of them.
  `create view ${SCHEMA}.client_sync_state as
   select coalesce(c.client_id || ':' || s.started_at, c.client_id::text) as id,
          c.user_id, ${DEVICE_ID} as device_id, c.client_id,
          jsonb_strip_nulls(jsonb_build_object('name', c.device_name, 'platform', c.platform, 'app_version', c.app_version)) as device_info,
          ${SCHEMA}.moment(c.last_heard_at) as last_sync,
          ${SCHEMA}.moment(c.last_heard_at) as last_sync_timestamp,
          ${SCHEMA}.moment(c.last_upload_at) as last_upload,
          ${SCHEMA}.moment(c.last_download_at) as last_download,
          coalesce(c.holds_below::text::bigint, 0) as sync_version,
          c.pending as pending_uploads,
          (select count(*) from satchel.conflicts k where k.client_id = c.client_id and k.state <> 'settled') as conflicts,
          ${SCHEMA}.moment(s.told_at) as synced_at, s.ended_at - s.started_at as sync_duration_ms,
          s.problem as sync_error,
          ${SCHEMA}.moment(c.first_seen_at) as created_at, ${SCHEMA}.moment(c.last_heard_at) as updated_at
     from satchel.clients c ${DEVICE}
     left join satchel.syncs s on s.client_id = c.client_id`,

  `create view ${SCHEMA}.sync_conflicts as
   select k.conflict_id as id, k.author as user_id, coalesce(dd.device_id, k.client_id::text) as device_id,
          n.entity as entity_type, k.key as entity_id, n.sql_name as table_name, k.key as record_id,
          k.kind as conflict_type,
          ${SCHEMA}.named(k.client) as client_version, ${SCHEMA}.named(k.server) as server_version,
          ${SCHEMA}.named(k.client) as client_data, ${SCHEMA}.named(k.server) as server_data,
          ${STRATEGY} as resolution_strategy, k.state = 'settled' as resolved,
          replace(k.decision, '-', '_') as resolution, ${SCHEMA}.named(k.result) as resolved_data,
          k.decided_by as resolved_by, ${SCHEMA}.moment(k.decided_at) as resolved_at,
          ${SCHEMA}.moment(k.created_at) as created_at
     from satchel.conflicts k join satchel.tables t on t.table_id = k.table_id
     join ${tableList(app)} on n.name = t.name
     left join satchel.dialect_devices dd on dd.client_id = k.client_id`,

  // A mutation that came in several batches is in the first of them.
  `create view ${SCHEMA}.${HISTORY} as
   select b.principal, b.batch_id, c.client_id, c.user_id, ${DEVICE_ID} as device_id, b.received_at,
          m.value ->> 'mutationId' as mutation_id, (m.value ->> 'seq')::bigint as seq,
          coalesce((m.value -> 'origin' ->> 'clientId')::uuid, b.client_id) as made_by,
          coalesce(m.value -> 'origin' ->> 'runId', q.body ->> 'runId')::uuid as run_id,
          split_part(m.value ->> 'hlc', ':', 1)::bigint as written_at,
          m.ordinality - 1 as place, ch.ordinality - 1 as change_place,
          n.entity, n.lane, n.rank, n.attempts, ch.value ->> 'op' as op, ch.value ->> 'key' as key,
          coalesce(${SCHEMA}.named(ch.value -> 'values'), '{}') as payload, ch.value as raw,
          (ch.value -> 'confirmed' ->> 'version')::bigint as client_version
     from satchel.batches b
     join satchel.clients c on c.client_id = b.client_id ${DEVICE}
     cross join lateral (select ${SCHEMA}.parsed(b.body) as body) q
     cross join lateral jsonb_array_elements(q.body -> 'mutations') with ordinality m
     cross join lateral jsonb_array_elements(m.value -> 'changes') with ordinality ch
     left join ${tableList(app)} on n.name = ch.value ->> 'table'`,

  // Not processed: what waits for a row or for a person, and what was refused. An app
  // that counts these never touches the branch with all that went well.
  `create view ${SCHEMA}.offline_actions_log as
   select w.mutation_id || ':' || (ch.place - 1) as id, w.author as user_id,
          ${DEVICE_ID} as device_id, ch.key as client_id,
          ${ACTION} || '_' || n.entity as action_type, n.entity as entity_type, ch.key as entity_id,
          coalesce(${SCHEMA}.named(ch.given), '{}') as payload,
          ${SCHEMA}.moment(split_part(w.hlc, ':', 1)::bigint) as timestamp,
          n.lane as priority, n.rank as priority_rank,
          false as processed, null::timestamptz as processed_at, w.state as status,
          null::jsonb as result, null::text as error_message,
          0 as retry_count, n.attempts as max_retries, ${SCHEMA}.moment(w.received_at) as created_at
     from satchel.mutations w join satchel.clients c on c.client_id = w.client_id ${DEVICE}
     cross join lateral (
       select e.ordinality as place, e.value ->> 'table' as name, e.value ->> 'key' as key,
              e.value ->> 'op' as op, e.value -> 'values' as given
         from jsonb_array_elements(w.body -> 'mutation' -> 'changes') with ordinality e) ch
     left join ${tableList(app)} on n.name = ch.name
    where w.state <> 'settled'
   union all
   select r.mutation_id || ':' || coalesce(ch.place - 1, 0), r.author, ${DEVICE_ID}, ch.key,
          ${ACTION} || '_' || n.entity, n.entity, ch.key, coalesce(${SCHEMA}.named(ch.given), '{}'),
          ${SCHEMA}.moment(coalesce(split_part(x.mutation ->> 'hlc', ':', 1)::bigint, r.received_at)), n.lane, n.rank,
          false, null, 'failed', r.outcome,
          coalesce(r.outcome -> 'changes' -> (ch.place::int - 1) -> 'problem' ->> 'code', r.outcome -> 'problem' ->> 'code', 'rejected'),
          coalesce(n.attempts, 1), coalesce(n.attempts, 1), ${SCHEMA}.moment(r.received_at)
     from satchel.refused r join satchel.clients c on c.client_id = r.client_id ${DEVICE}
     left join lateral (
       select e as mutation from satchel.batches b, jsonb_array_elements(${SCHEMA}.parsed(b.body) -> 'mutations') e
        where b.principal = r.principal and b.batch_id = r.batch_id and e ->> 'mutationId' = r.mutation_id::text
        limit 1) x on true
     left join lateral (
       select e.ordinality as place, e.value ->> 'table' as name, e.value ->> 'key' as key,
              e.value ->> 'op' as op, e.value -> 'values' as given
         from jsonb_array_elements(x.mutation -> 'changes') with ordinality e) ch on true
     left join ${tableList(app)} on n.name = ch.name
   union all
   select h.mutation_id || ':' || h.change_place, h.user_id, h.device_id, h.key,
          case h.op when 'insert' then 'create' else h.op end || '_' || h.entity, h.entity, h.key, h.payload,
          ${SCHEMA}.moment(h.written_at), h.lane, h.rank,
          true, ${SCHEMA}.moment(h.received_at), 'success', d.outcome, null,
          0, h.attempts, ${SCHEMA}.moment(h.received_at)
     from (select distinct on (principal, mutation_id, change_place) *
             from ${SCHEMA}.${HISTORY} order by principal, mutation_id, change_place, received_at) h
     left join satchel.mutations d on d.principal = h.principal and d.mutation_id = h.mutation_id::uuid
    where not exists (select from satchel.refused r
                       where r.principal = h.principal and r.mutation_id = h.mutation_id::uuid)
      and (d.state = 'settled'
        or (d.state is null and exists (select from satchel.runs u
             where u.client_id = h.made_by and u.run_id = h.run_id and u.settled @> h.seq)))`,

  // The raw request; one of a dialect as the dialect's client sent it.
  `create view ${SCHEMA}.sync_batches as
   select b.batch_id as id, ${DEVICE_ID} as device_id, c.user_id, b.received_at as received_ms,
          ${SCHEMA}.moment(b.received_at) as received_at, b.channel, b.request_id,
          jsonb_array_length(${SCHEMA}.parsed(b.body) -> 'mutations') as item_count,
          octet_length(coalesce(dt.body, b.body)) as bytes, coalesce(dt.body, b.body) as payload
     from satchel.batches b join satchel.clients c on c.client_id = b.client_id ${DEVICE}
     left join satchel.dialect_batches dt on dt.batch_id = b.batch_id`,

  `create view ${SCHEMA}.sync_items as
   select h.batch_id || ':' || h.place || ':' || h.change_place as id, h.batch_id, h.device_id,
          h.mutation_id, case when h.op = 'insert' then h.key end as client_temp_id,
          h.entity as resource_type, h.key as resource_id,
          case h.op when 'insert' then 'create' else h.op end as action,
          h.payload, h.raw, h.client_version,
          case when r.mutation_id is not null then 'error'
               when d.state in ('held', 'review') or o.told ? 'conflictId' then
                 case when d.state = 'held' then 'pending' else 'conflict' end
               when d.state = 'settled' or u.client_id is not null then 'ok'
               else 'pending' end as status,
          coalesce(o.told ->> 'newKey', case when r.mutation_id is null then h.key end) as server_id,
          (o.told ->> 'version')::bigint as server_version,
          coalesce(r.outcome -> 'changes' -> h.change_place::int -> 'problem' ->> 'code',
                   r.outcome -> 'problem' ->> 'code') as error,
          ${SCHEMA}.moment(h.received_at) as received_at
     from ${SCHEMA}.${HISTORY} h
     left join satchel.mutations d on d.principal = h.principal and d.mutation_id = h.mutation_id::uuid
     left join satchel.refused r on r.principal = h.principal and r.mutation_id = h.mutation_id::uuid
     left join satchel.runs u on d.mutation_id is null and u.client_id = h.made_by and u.run_id = h.run_id and u.settled @> h.seq
     cross join lateral (select d.outcome -> 'changes' -> h.change_place::int as told) o`,

  `create view ${SCHEMA}.conflicts as
   select k.conflict_id as id, n.entity as resource_type, k.key as resource_id,
          jsonb_build_object('last_updated_by', coalesce(a.user_id, 'sys')) || ${SCHEMA}.named(k.server) as server_payload,
          jsonb_build_object('device_ts', to_char(
            ${SCHEMA}.moment(coalesce(w.written_at, k.created_at)) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
            || ${SCHEMA}.named(k.client) as client_payload,
          ${SCHEMA}.moment(k.created_at) as detected_at, k.state as status,
          case k.decision when 'merged' then 'manual_merge' else replace(k.decision, '-', '_') end as resolution,
          k.decided_by as resolved_by, ${SCHEMA}.moment(k.decided_at) as resolved_at
     from satchel.conflicts k join satchel.tables t on t.table_id = k.table_id
     join ${tableList(app)} on n.name = t.name
     left join lateral (select case when u.source <> 'sql' then u.user_id end as user_id from satchel.audit u
                         where u.table_id = k.table_id and u.key = k.key and u.at <= k.created_at
                         order by u.audit_id desc limit 1) a on true
     left join lateral (select split_part(m.hlc, ':', 1)::bigint as written_at from satchel.mutations m
                         where m.principal = k.principal and m.mutation_id = k.mutation_ids[1]) w on true`,
];
