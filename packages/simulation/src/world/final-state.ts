import type { Satchel } from '@satchel/client';
import type { Json } from '@satchel/protocol';
import { fieldApp } from '../app/field-app.ts';
import type { AuditedChange, CommittedMutation, FinalClient, FinalServer, PlainRow } from '../history.ts';
import type { Device } from './device.ts';
import { plainRow, rawRow, rowsOn } from './rows.ts';
import { shownOf, truthOf, wholeOutbox } from './status.ts';
import type { World } from './world.ts';

/* What is there when nothing moves any more: on a device as its app reads it, in PostgreSQL by plain SQL. */

export const finalClient = async (world: World, device: Device, satchel: Satchel): Promise<FinalClient> => {
  const tables: Record<string, PlainRow[]> = {};
  for (const table of device.app.tableOrder) tables[table] = await rowsOn(satchel, device.app, table);
  const outbox = await wholeOutbox(satchel);
  const conflicts = await satchel.conflicts.list();
  return {
    client: device.name,
    clientId: satchel.clientId,
    user: device.user.id,
    roles: device.user.roles,
    schemaVersion: device.version,
    tables,
    outbox,
    status: shownOf(await satchel.status()),
    truth: truthOf(world, device, outbox),
    conflicts: conflicts.map(({ conflictId, state, table, key, mutationIds }) => ({
      conflictId,
      state,
      table,
      key,
      mutationIds,
    })),
  };
};

type SqlRow = Record<string, unknown>;

const AUDIT = `
select jsonb_build_object('table', t.name, 'key', a.key, 'op', a.op, 'before', a.before, 'after', a.after) as row
from satchel.audit a join satchel.tables t using (table_id) order by a.audit_id`;

/** Of each client, the numbers up to the last of each run that no stored outcome and no settled range has. */
const UNKNOWN_SEQS = `
with heard as (
  select m.client_id, m.run_id, m.seq as first, m.seq as last from satchel.mutations m
  union all
  select r.client_id, r.run_id, lower(s.part), upper(s.part) - 1 from satchel.runs r, unnest(r.settled) s (part)
), runs as (
  select h.client_id, h.run_id, max(h.last) as top, range_agg(int8range(h.first, h.last, '[]')) as known
  from heard h group by h.client_id, h.run_id
)
select jsonb_build_object('clientId', r.client_id, 'seqs',
  sum(r.top - (select sum(upper(k.part) - lower(k.part)) from unnest(r.known) k (part)))) as row
from runs r group by r.client_id order by r.client_id`;

export const finalServer = async (world: World): Promise<FinalServer> => {
  const { reader, serverVersion } = world;
  const app = fieldApp(serverVersion);
  const all = async (text: string): Promise<SqlRow[]> =>
    (await reader.query<{ row: SqlRow }>(text)).rows.map(({ row }) => row);
  const tables: Record<string, PlainRow[]> = {};
  for (const table of app.tableOrder) {
    const name = table.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const rows = await all(`select to_jsonb(t) as row from ${name} t order by t.id collate "C"`);
    tables[table] = rows.map((row) => plainRow(app, table, row));
  }
  const rights: Record<string, PlainRow[]> = {};
  for (const table of ['grants', 'region_rights', 'farm_agents'])
    rights[table] = (
      await all(`select to_jsonb(t) as row from ${table} t order by to_jsonb(t)::text collate "C"`)
    ).map(rawRow);
  const scopes: Record<string, string[]> = {};
  for (const { id } of world.devices.map(({ user }) => user))
    scopes[id] = [
      `agent:${id}`,
      'all',
      ...(rights.grants ?? []).filter(({ userId }) => userId === id).map(({ storeId }) => `store:${storeId}`),
      ...(rights.region_rights ?? [])
        .filter(({ userId }) => userId === id)
        .map(({ region }) => `region:${region}`),
    ];
  const mutations = await all(
    `select jsonb_build_object('mutationId', mutation_id, 'author', author, 'state', state, 'outcome', outcome -> 'outcome') as row
     from satchel.mutations order by mutation_id`,
  );
  const conflicts = await all(
    `select jsonb_build_object('conflictId', c.conflict_id, 'state', c.state, 'table', t.name, 'key', c.key,
       'mutationIds', c.mutation_ids, 'policy', c.policy) as row
     from satchel.conflicts c join satchel.tables t using (table_id) order by c.conflict_id`,
  );
  return {
    tables,
    scopes,
    rights,
    mutations: mutations as unknown as CommittedMutation[],
    conflicts: conflicts as unknown as FinalServer['conflicts'],
    schemaVersion: serverVersion,
    audit: (await all(AUDIT)) as unknown as AuditedChange[],
    unknownSeqs: (await all(UNKNOWN_SEQS)) as unknown as FinalServer['unknownSeqs'],
  } satisfies FinalServer & Record<string, Json | unknown>;
};
