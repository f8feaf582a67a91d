import { unreachable } from '@satchel/protocol';
import { NEWEST, type SchemaVersion } from '../app/field-app.ts';
import type { Fault } from '../faults.ts';
import type { Action } from '../plan.ts';
import { backUp, crashDatabase, migrateServers, restoreBackup } from './database-faults.ts';
import type { Device } from './device.ts';
import { Draw } from './draw.ts';
import { HARD_DATES, HARD_INTEGERS, HARD_TEXTS, STORES } from './edits.ts';
import { ended } from './ended.ts';
import type { Trouble } from './network.ts';
import { pass } from './pass.ts';
import { principalOf } from './tokens.ts';
import type { World } from './world.ts';
import { handAt, write, writeDraft } from './writing.ts';

type FaultAction = Action & { readonly kind: 'fault' };

const SECOND = 1_000;
const DAY = 86_400 * SECOND;
const TEN_YEARS = 3_652 * DAY;
/** Devices at most, clones among them. */
const MAX_DEVICES = 6;

/** Lets one fault happen, or begin. What ends by itself ends at a time that is drawn with it. */
export const carryOutFault = async (world: World, action: FaultAction): Promise<void> => {
  const { fault, ms } = action;
  const device = world.deviceAt(action.client);
  const draw = new Draw(action.draw, fault);
  switch (fault) {
    case 'F1':
    case 'F2':
    case 'F3':
    case 'F4':
    case 'F5':
    case 'F6':
    case 'F9':
    case 'F10a':
    case 'F10b':
    case 'F10c':
    case 'F10d':
    case 'F10e':
    case 'F10f':
    case 'F11':
    case 'F13':
    case 'F14':
    case 'F37':
      trouble(world, device, { fault, until: world.timeline.now() + ms, share: draw.pick([0.3, 0.6, 1]) });
      // Something must be under way to meet it.
      await write(world, device, draw.pick(['book', 'edit-product', 'sell'] as const), action.draw);
      device.satchel?.sync.now().catch(ended(world));
      return;
    case 'F7':
      trouble(world, device, {
        fault,
        until: world.timeline.now() + ms,
        share: 1,
        way: draw.pick(['up', 'down', 'both'] as const),
      });
      device.satchel?.sync.now().catch(ended(world));
      return;
    case 'F8':
      flap(world, device, draw, ms);
      return;
    case 'F12':
      world.fire(fault, device.name, 'another address');
      world.network.cutOpen(device);
      return;
    case 'F15':
      world.timeline.after(draw.between(0, 400), () => killFor(world, device, fault, ms), 'kill');
      device.satchel?.sync.now().catch(ended(world));
      return;
    case 'F16':
      return killWithin(world, device, draw, action);
    case 'F17':
      return sleep(world, device, draw, ms);
    case 'F18':
      return fillDisk(world, device, action);
    case 'F19':
      if (!device.isAlive()) return;
      world.fire(fault, device.name, 'evicted');
      world.killDevice(device, 'eviction');
      device.disk.wipe();
      world.emit({ kind: 'evicted', client: device.name });
      reopen(world, device, ms);
      return;
    case 'F20':
      return restoreDevice(world, device, ms);
    case 'F21':
      return cloneDevice(world, device, ms);
    case 'F22':
      if (!device.isAlive()) return;
      world.fire(fault, device.name, 'opened twice');
      if ((await device.openTwice()) === 'opened')
        world.violate('F22', `${device.name}: the database was opened twice`, world.history.length - 1);
      return;
    case 'F23':
      return turnClock(world, device, draw, ms);
    case 'F24':
      return upgrade(world, device, draw);
    case 'F25':
      return switchUser(world, device, draw, ms);
    case 'F26':
      killFor(world, device, fault, 0);
      return;
    case 'F27':
      return poison(world, device, action);
    case 'F28a':
    case 'F28b':
      return crashAtCommit(world, device, draw, action);
    case 'F29':
      if (await backUp(world)) world.timeline.after(10 * SECOND + ms, () => restoreBackup(world), 'restore');
      return;
    case 'F30':
      return crashDatabase(world);
    case 'F31':
      world.fire(fault, 'sql', `open for ${ms}`);
      world.writers.edit(
        draw.pick(['edit', 'add', 'bulk', 'move'] as const),
        ms + 5 * SECOND,
        draw.chance(0.1),
        action.draw,
      );
      return;
    case 'F33':
      if (world.serverVersion < NEWEST)
        await migrateServers(world, (world.serverVersion + 1) as SchemaVersion);
      return;
    case 'F34':
      return prune(world, device);
    case 'F35':
      return takeRights(world, device, draw, action);
    case 'F36':
      return lockOut(world, device, draw, ms);
    case 'F38':
      return slowServer(world, draw, action);
    case 'F39':
      return hardValues(world, device, action);
    case 'F40':
      return crossedWrites(world, device, action);
    case 'F41':
      return editOften(world, device, action);
    case 'F42':
      return deleteAndCreate(world, device, action);
    default:
      unreachable(fault);
  }
};

const trouble = (world: World, device: Device, one: Trouble): void => {
  device.troubles.push(one);
  // The device asks again when it is over, as one does whose radio tells it so.
  world.timeline.after(
    one.until - world.timeline.now() + 50,
    () => device.satchel?.sync.foreground(),
    'over',
  );
};

/** Down and up again, for 10 ms to 10 s each. */
const flap = (world: World, device: Device, draw: Draw, ms: number): void => {
  const end = world.timeline.now() + ms;
  const down = (): void => {
    if (world.timeline.now() >= end) return;
    const length = draw.between(10, 10_000);
    world.fire('F8', device.name, `down ${length}`);
    device.troubles.push({ fault: 'F8', until: Math.min(end, world.timeline.now() + length), share: 1 });
    world.timeline.after(length + draw.between(10, 10_000), down, 'flap');
    device.satchel?.sync.now().catch(ended(world));
  };
  down();
};

/** Opens the app again after so long. */
export const reopen = (world: World, device: Device, ms: number): void => {
  world.timeline.after(
    ms,
    async () => {
      const refused = await world.openDevice(device);
      // A full disk, or a kill armed before: it is tried again.
      if (refused !== null && refused !== 'crashed') reopen(world, device, 5 * SECOND);
    },
    `open ${device.name}`,
  );
};

const killFor = (world: World, device: Device, fault: Fault, ms: number): void => {
  if (!device.isAlive()) return;
  world.fire(fault, device.name, `for ${ms}`);
  world.killDevice(device, 'between two steps');
  reopen(world, device, ms);
};

const killWithin = async (world: World, device: Device, draw: Draw, action: FaultAction): Promise<void> => {
  if (!device.isAlive() || device.disk.isArmed) return;
  const satchel = device.satchel;
  device.disk.killAt(
    draw.weighted([
      [2, draw.between(1, 12)],
      [2, draw.between(12, 80)],
      [1, draw.between(80, 400)],
    ]),
    () => {
      world.fire('F16', device.name, 'killed at a statement');
      world.killDevice(device, 'at a statement');
      reopen(world, device, action.ms);
    },
  );
  await write(world, device, draw.pick(['sell', 'book', 'edit-product', 'write-many'] as const), action.draw);
  if (device.satchel === satchel) satchel?.sync.now().catch(ended(world));
};

/** The app stands still: nothing that it waits for reaches it until it wakes. */
const sleep = async (world: World, device: Device, draw: Draw, ms: number): Promise<void> => {
  if (!device.isAlive() || device.isAsleep) return;
  const days = draw.chance(0.25) ? draw.pick([0.5, 1, 3, 20]) : 0;
  world.fire('F17', device.name, days > 0 ? `${days} days` : `${ms} ms`);
  device.sleep();
  if (days > 0) {
    await pass(world, days * DAY);
    device.wake();
  } else world.timeline.after(ms, () => device.wake(), `wake ${device.name}`);
};

const fillDisk = async (world: World, device: Device, action: FaultAction): Promise<void> => {
  device.disk.setFull(true, () => world.fire('F18', device.name, 'no room'));
  world.timeline.after(action.ms, () => device.disk.setFull(false), 'room');
  await write(world, device, 'book', action.draw);
  device.satchel?.sync.now().catch(ended(world));
};

const restoreDevice = (world: World, device: Device, ms: number): void => {
  const copy = device.copies[0];
  if (!device.isAlive() || !copy) return;
  world.fire('F20', device.name, `copy of ${copy.at}`);
  world.killDevice(device, 'restore');
  device.disk.putBack(copy.files);
  device.version = copy.version;
  device.user = copy.user;
  world.emit({ kind: 'restored', client: device.name, asOf: copy.at });
  reopen(world, device, ms);
};

const cloneDevice = (world: World, device: Device, ms: number): void => {
  if (world.devices.length >= MAX_DEVICES || !device.isAlive()) return;
  const clone = world.addDevice(`${device.name}x${world.devices.length}`, device);
  clone.disk.putBack(device.disk.copy());
  world.fire('F21', device.name, clone.name);
  world.emit({ kind: 'cloned', client: clone.name, from: device.name });
  reopen(world, clone, Math.min(ms, 5 * SECOND));
};

const turnClock = (world: World, device: Device, draw: Draw, ms: number): void => {
  const turn = (): void => {
    device.clockError =
      draw.pick([-1, 1]) *
      draw.pick([SECOND, 61 * SECOND, 3_600 * SECOND, DAY, TEN_YEARS, draw.between(1, TEN_YEARS)]);
    world.fire('F23', device.name, `${device.clockError} ms off`);
  };
  turn();
  if (draw.chance(0.5)) world.timeline.after(ms, turn, 'clock');
  else
    world.timeline.after(
      ms,
      () => {
        device.clockError = 0;
      },
      'clock',
    );
};

const upgrade = async (world: World, device: Device, draw: Draw): Promise<void> => {
  if (!device.isAlive()) return;
  const from = device.version;
  if (from > 1 && draw.chance(0.3)) {
    // An older app on a newer database must refuse it, and leave it as it is.
    await closeDevice(world, device);
    device.version = (from - 1) as SchemaVersion;
    world.fire('F24', device.name, `down to ${device.version}`);
    const refused = await world.openDevice(device);
    if (refused === null)
      world.violate('F24', `${device.name}: an older app opened a newer database`, world.history.length - 1);
    device.kill();
    device.version = from;
  } else if (from < NEWEST) {
    await write(world, device, 'add-customer', draw.between(1, 2 ** 30));
    await closeDevice(world, device);
    device.version = (from + 1) as SchemaVersion;
    world.fire('F24', device.name, `up to ${device.version}`);
    world.emit({ kind: 'upgraded', client: device.name, from, to: device.version });
  } else return;
  reopen(world, device, 10);
};

/** In good order; a device that cannot be closed is killed. */
const closeDevice = async (world: World, device: Device): Promise<void> => {
  const closed = await world.until(device.close(), 30 * SECOND);
  if (closed.kind === 'failed') ended(world)(closed.error);
  if (device.isAlive()) world.killDevice(device, 'closing');
};

const switchUser = async (world: World, device: Device, draw: Draw, ms: number): Promise<void> => {
  if (!device.isAlive() || device.owner !== null) return;
  const from = device.user;
  const to = world.userOf(draw.between(0, world.plan.clients - 1));
  if (to.id === from.id) return;
  const turn = async (next: typeof from): Promise<void> => {
    await closeDevice(world, device);
    world.fire('F25', device.name, `${device.user.id} to ${next.id}`);
    world.emit({ kind: 'user-switched', client: device.name, from: device.user.id, to: next.id });
    device.user = next;
    device.copies.length = 0;
    reopen(world, device, 10);
  };
  device.owner = from;
  await turn(to);
  world.pending.push({ at: world.timeline.now() + ms + SECOND, run: () => back(world, device) });
};

/** The device's own user signs in again. */
export const back = async (world: World, device: Device): Promise<void> => {
  const { owner } = device;
  if (!owner) return;
  device.owner = null;
  if (device.isAlive()) await closeDevice(world, device);
  world.fire('F25', device.name, `${device.user.id} to ${owner.id}`);
  world.emit({ kind: 'user-switched', client: device.name, from: device.user.id, to: owner.id });
  device.user = owner;
  device.copies.length = 0;
  reopen(world, device, 10);
};

/** Something that the server will never take, among good work. */
const poison = async (world: World, device: Device, action: FaultAction): Promise<void> => {
  const hand = handAt(world, device, action.draw);
  if (!hand) return;
  world.fire('F27', device.name, 'a record that the server refuses');
  const farm = await hand.any('farms');
  if (farm && hand.draw.chance(0.5)) hand.update('farms', farm, { secret: hand.marks.value() });
  // A store that nobody may write to.
  else
    hand.insert('ledger', {
      id: hand.marks.key(),
      storeId: 'nowhere',
      author: hand.marks.value(),
      amount: 1,
    });
  await writeDraft(world, device, hand.draft);
  await write(world, device, 'book', action.draw);
};

const crashAtCommit = async (
  world: World,
  device: Device,
  draw: Draw,
  action: FaultAction,
): Promise<void> => {
  const index = action.server % world.servers.length;
  const server = world.servers[index];
  if (!server?.isServing || server.onCommit) return;
  let left = draw.between(1, 4);
  server.onCommit = (when) => {
    if (when !== (action.fault === 'F28a' ? 'before' : 'after')) return false;
    left -= 1;
    if (left > 0) return false;
    server.alive = false;
    delete server.onCommit;
    world.fire(action.fault, server.name, `${when} a commit`);
    world.timeline.after(0, () => world.crashServer(index, Math.min(action.ms, 20 * SECOND)), 'crash');
    return true;
  };
  await write(world, device, 'sell', action.draw);
  device.satchel?.sync.now().catch(ended(world));
};

/** A hundred days go by while the device lies in a drawer: tombstones are pruned, and it is no longer waited for. */
const prune = async (world: World, device: Device): Promise<void> => {
  if (!device.isAlive()) return;
  world.fire('F34', device.name, 'away for 100 days');
  world.killDevice(device, 'switched off');
  world.writers.edit('delete', 0, false, world.step + 1);
  await world.timeline.leap(100 * DAY, 10, 1_500);
  reopen(world, device, 10);
};

const takeRights = (world: World, device: Device, draw: Draw, action: FaultAction): void => {
  world.fire('F35', device.user.id, 'rights');
  switch (draw.between(0, 3)) {
    case 0:
      world.writers.edit('move', 0, false, action.draw);
      return;
    case 1:
      world.writers.rights(device.user.id, 'revoke', 'region', action.draw);
      world.timeline.after(
        action.ms,
        () => world.writers.rights(device.user.id, 'grant', 'region', action.draw),
        'grant',
      );
      return;
    default:
      world.writers.rights(device.user.id, 'revoke', 'store', action.draw);
      world.timeline.after(
        action.ms,
        () => world.writers.rights(device.user.id, 'grant', 'store', action.draw),
        'grant',
      );
  }
};

const lockOut = (world: World, device: Device, draw: Draw, ms: number): void => {
  if (draw.chance(0.5)) {
    world.fire('F36', device.name, 'token expired');
    device.tokenExpired = true;
    device.satchel?.sync.now().catch(ended(world));
    world.timeline.after(
      ms,
      () => {
        device.tokenExpired = false;
        device.satchel?.sync.renewed().catch(ended(world));
      },
      'token',
    );
    return;
  }
  const clientId = device.satchel?.clientId;
  const server = world.servers.find(({ isServing }) => isServing);
  if (!clientId || !server?.node || device.revoked) return;
  world.fire('F36', device.name, 'locked out');
  device.revoked = true;
  setRevoked(world, device, clientId, true);
  world.pending.push({
    at: world.timeline.now() + ms,
    run: () => setRevoked(world, device, clientId, false),
  });
};

const ADMIN = principalOf({ sub: 'admin', roles: ['admin'], exp: 9e9 });

/** An administrator locks a client out, or lets it in again; tried until a server does it. */
export const setRevoked = (world: World, device: Device, clientId: string, isRevoked: boolean): void => {
  const operations = world.servers.find(({ isServing }) => isServing)?.node?.operations;
  const done = (): void => {
    world.emit({ kind: 'client-revoked', client: device.name, revoked: isRevoked });
    if (isRevoked) return;
    device.revoked = false;
    device.satchel?.sync.renewed().catch(ended(world));
  };
  const again = (error?: unknown): void => {
    if (isUnknownClient(error)) done();
    else world.timeline.after(2 * SECOND, () => setRevoked(world, device, clientId, isRevoked), 'revoke');
  };
  if (!operations) {
    again();
    return;
  }
  (isRevoked
    ? operations.revokeClient(ADMIN, clientId, undefined)
    : operations.restoreClient(ADMIN, clientId)
  ).then(done, again);
};

/** It never came to the server, or the backup that was put back does not know it. */
const isUnknownClient = (error: unknown): boolean =>
  (error as { code?: unknown } | undefined)?.code === 'client_unknown';

const slowServer = (world: World, draw: Draw, action: FaultAction): void => {
  const server = world.servers[action.server % world.servers.length];
  if (!server) return;
  if (draw.chance(0.4)) {
    world.writers.lock(Math.min(action.ms, 10 * SECOND));
    return;
  }
  world.fire('F38', server.name, 'slow statements');
  server.slowness = draw.between(20, 400);
  world.timeline.after(
    action.ms,
    () => {
      server.slowness = 0;
    },
    'quick',
  );
};

const hardValues = async (world: World, device: Device, action: FaultAction): Promise<void> => {
  const hand = handAt(world, device, action.draw);
  if (!hand) return;
  world.fire('F39', device.name, 'hard values');
  const { draw } = hand;
  const row = draw.chance(0.5) ? await hand.any('products') : undefined;
  const values = {
    note: draw.pick(HARD_TEXTS) + hand.marks.value(),
    [hand.nameOfProduct]: `${hand.marks.value()}${draw.pick(HARD_TEXTS)}`,
    soldOn: draw.pick(HARD_DATES),
    price: draw.pick(HARD_INTEGERS),
    tags: [...new Set([draw.pick(HARD_TEXTS), hand.marks.value()])].sort(),
  };
  if (row) hand.update('products', row, values);
  else await hand.addProduct(values);
  await writeDraft(world, device, hand.draft);
};

/** Two devices take one code, or one key; a child is written whose parent is refused. */
const crossedWrites = async (world: World, device: Device, action: FaultAction): Promise<void> => {
  const other = world.devices.find((one) => one !== device && one.isAlive());
  const hand = handAt(world, device, action.draw);
  if (!hand) return;
  world.fire('F40', device.name, 'crossed writes');
  const { draw, marks } = hand;
  const id = marks.key();
  switch (draw.between(0, 2)) {
    case 0: {
      const code = marks.value();
      await hand.addProduct({ code });
      await writeDraft(world, device, hand.draft);
      const second = other && handAt(world, other, action.draw);
      if (!second) return;
      await second.addProduct({ code });
      return writeDraft(world, other, second.draft);
    }
    case 1: {
      await hand.addProduct({ id });
      await writeDraft(world, device, hand.draft);
      const second = other && handAt(world, other, action.draw);
      if (!second) return;
      await second.addProduct({ id });
      second.insert('sales', {
        id: marks.key(),
        productId: id,
        seller: marks.value(),
        total: 1,
        voided: null,
      });
      return writeDraft(world, other, second.draft);
    }
    default: {
      // The product is in a store that its writer may not write to: it is refused, and so the sale has no parent.
      await hand.addProduct({ id, storeId: draw.pick([...STORES, 'nowhere']) });
      await writeDraft(world, device, hand.draft);
      const child = handAt(world, device, action.draw + 1);
      if (!child) return;
      child.insert('sales', {
        id: marks.key(),
        productId: id,
        seller: marks.value(),
        total: 1,
        voided: null,
      });
      return writeDraft(world, device, child.draft);
    }
  }
};

const editOften = async (world: World, device: Device, action: FaultAction): Promise<void> => {
  const first = handAt(world, device, action.draw);
  const row = first && (await first.any('products'));
  if (!row) return;
  world.fire('F41', device.name, 'many edits of one row');
  for (let count = 0; count < 60 && device.isAlive(); count += 1) {
    const hand = handAt(world, device, action.draw + count);
    const now = hand && (await hand.rows('products')).find(({ id }) => id === row.id);
    if (!hand || !now) return;
    hand.update(
      'products',
      now,
      count % 3 === 0 ? { stock: Number(now.stock) + 1 } : { [hand.nameOfProduct]: hand.marks.value() },
    );
    await writeDraft(world, device, hand.draft);
    if (count % 20 === 19) await world.timeline.advance(300);
  }
};

const deleteAndCreate = async (world: World, device: Device, action: FaultAction): Promise<void> => {
  const hand = handAt(world, device, action.draw);
  const table = hand?.draw.pick(['products', 'customers'] as const);
  const row = hand && table && (await hand.any(table));
  if (!row) return;
  world.fire('F42', device.name, 'deleted and created again');
  hand.remove(table, row);
  const isApart = hand.draw.chance(0.6);
  if (isApart) await writeDraft(world, device, hand.draft);
  const again = isApart ? handAt(world, device, action.draw + 1) : hand;
  if (!again) return;
  const { changedAt: _, ...values } = row;
  again.insert(table, values);
  await writeDraft(world, device, again.draft);
};
