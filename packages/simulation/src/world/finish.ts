import type { Satchel } from '@satchel/client';
import type { SchemaVersion } from '../app/field-app.ts';
import type { FinalClient } from '../history.ts';
import { migrateServers } from './database-faults.ts';
import { ended } from './ended.ts';
import { setRevoked } from './faults/rights-faults.ts';
import { back } from './faults/user-faults.ts';
import { finalClient, finalServer } from './final-state.ts';
import { wholeOutbox } from './status.ts';
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
/** What has not moved for so long waits for a timer: time leaps on to it, as nothing else happens meanwhile. */
const QUIET_MS = 60 * SECOND;

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
  let isQuiet = false;
  while (world.timeline.now() - from <= LIVENESS_MS) {
    if (isQuiet) await world.timeline.leap(QUIET_MS, 1, 2 * SECOND);
    else await world.timeline.advance(5 * SECOND);
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
    isQuiet = !left.includes(null) && now - since >= QUIET_MS;
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
