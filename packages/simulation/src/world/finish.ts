import type { Satchel } from '@satchel/client';
import type { Json } from '@satchel/protocol';
import { fieldApp, type SchemaVersion } from '../app/field-app.ts';
import type { CommittedMutation, FinalClient, FinalServer, PlainRow } from '../history.ts';
import { migrateServers } from './database-faults.ts';
import type { Device } from './device.ts';
import { ended } from './ended.ts';
import { setRevoked } from './faults/rights-faults.ts';
import { back } from './faults/user-faults.ts';
import { plainRow, rawRow, rowsOn } from './rows.ts';
import { shownOf, truthOf, wholeOutbox } from './status.ts';
import type { World } from './world.ts';

const SECOND = 1_000;
/**
 * Virtual milliseconds within which every device is at rest once faults have stopped: the
 * longest retry (5 minutes), what comes after it, and the time that the slowest socket
 * takes to be given up.
 */
export const LIVENESS_MS = 900 * SECOND;

/** Every fault ends: lines, disks, servers, tokens, locks; every device runs and is online. */
export const heal = async (world: World): Promise<void> => {
  for (const pending of world.pending.splice(0)) await pending.run();
  for (const device of world.devices) {
    device.troubles.length = 0;
    device.disk.setFull(false);
    device.disk.disarm();
    if (device.isAsleep) device.wake();
    device.setOnline(true);
    if (device.owner) await back(world, device);
    if (device.tokenExpired) {
      device.tokenExpired = false;
      device.satchel?.sync.renewed().catch(ended(world));
    }
  }
  for (const server of world.servers) {
    server.slowness = 0;
    delete server.onCommit;
  }
  const isUp = (): boolean =>
    world.servers.every(({ isServing }) => isServing) &&
    world.devices.every((device) => device.isAlive() && !device.revoked) &&
    world.writers.running === 0 &&
    world.backup === null;
  // Transactions that are open, restarts and restores that are under way come to their end.
  for (let round = 0; round < 400 && !isUp(); round += 1) {
    await world.timeline.advance(SECOND);
    for (const [index, server] of world.servers.entries()) {
      server.slowness = 0;
      if (!server.alive && round % 30 === 29) world.restartServer(index);
    }
    for (const device of world.devices)
      if (!device.isAlive() && round % 30 === 29) await world.openDevice(device);
      else if (device.revoked && round % 60 === 59 && device.satchel)
        setRevoked(world, device, device.satchel.clientId, false);
  }
  for (const device of world.devices) {
    device.troubles.length = 0;
    device.disk.setFull(false);
  }
  // A device may be ahead of the servers; they catch up, one version after the other.
  const newest = Math.max(...world.devices.map(({ version }) => version));
  while (world.serverVersion < newest)
    await migrateServers(world, (world.serverVersion + 1) as SchemaVersion);
  world.emit({ kind: 'healed', by: world.timeline.now() + LIVENESS_MS });
};

/** Mutations that nobody has to wait for: a person decides, or the reason is shown. */
const AT_REST = new Set(['settled', 'quarantined', 'review', 'blocked', 'failed']);

/** Longer than the longest back-off: what has not moved for so long waits for something else. */
const STILL_MS = 330 * SECOND;

/** What is left to do on a device, in one text; `null` while something is under way. */
const leftOn = async (satchel: Satchel): Promise<string | null> => {
  const { uploading, downloading, complete } = await satchel.status();
  if (uploading || downloading || !complete) return null;
  const items = await wholeOutbox(satchel);
  const left = items.filter(({ state, held }) => !AT_REST.has(state) && !held);
  return left.map(({ mutationId, state }) => `${mutationId} ${state}`).join();
};

/** Lets time pass until every device is at rest; the virtual time that it took, or `null`. */
export const comeToRest = async (world: World): Promise<number | null> => {
  const from = world.timeline.now();
  let last = '';
  let since = from;
  while (world.timeline.now() - from <= LIVENESS_MS) {
    await world.timeline.advance(5 * SECOND);
    await world.observeAll();
    const now = world.timeline.now();
    const left: (string | null)[] = [];
    for (const { satchel } of world.devices) left.push(satchel && (await leftOn(satchel)));
    if (left.every((one) => one === '')) return now - from;
    const text = JSON.stringify(left);
    if (text !== last) since = now;
    last = text;
    // What waits for a person, by way of another, never moves: the checkers judge it.
    if (!left.includes(null) && now - since >= STILL_MS) return since - from;
  }
  return null;
};

/** Everybody syncs by hand until nothing comes any more; then the final state of all is written down. */
export const quiesce = async (world: World, healedWithin: number | null): Promise<void> => {
  for (let round = 0; round < 2; round += 1)
    for (const device of world.devices) {
      if (!device.satchel) continue;
      const ran = await world.until(device.satchel.sync.now(), 120 * SECOND);
      if (ran.kind === 'failed') ended(world)(ran.error);
      await world.timeline.advance(SECOND);
    }
  await world.timeline.advance(5 * SECOND);
  await world.observeAll();
  const clients: FinalClient[] = [];
  for (const device of world.devices)
    if (device.satchel) clients.push(await finalClient(world, device, device.satchel));
  world.emit({ kind: 'quiesced', clients, server: await finalServer(world), healedWithin });
};

const finalClient = async (world: World, device: Device, satchel: Satchel): Promise<FinalClient> => {
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

const finalServer = async (world: World): Promise<FinalServer> => {
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
  } satisfies FinalServer & Record<string, Json | unknown>;
};
