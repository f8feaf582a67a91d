import type { Device } from '../device.ts';
import type { World } from '../world.ts';
import { write } from '../writing.ts';
import { reopen, syncSoon } from './app-process.ts';
import { type FaultAction, SECOND } from './fault-action.ts';

/* What happens to what a device has stored. */

/** Devices at most, clones among them. */
const MAX_DEVICES = 6;

export const fillDisk = async (world: World, device: Device, action: FaultAction): Promise<void> => {
  device.disk.setFull(true, () => world.fire('F18', device.name, 'no room'));
  world.timeline.after(action.ms, () => device.disk.setFull(false), 'room');
  await write(world, device, 'book', action.draw);
  syncSoon(world, device);
};

export const evict = (world: World, device: Device, ms: number): void => {
  if (!device.isAlive()) return;
  world.fire('F19', device.name, 'evicted');
  world.killDevice(device, 'eviction');
  device.disk.wipe();
  world.emit({ kind: 'evicted', client: device.name });
  reopen(world, device, ms);
};

/** The device goes on from the oldest copy of it that is kept. */
export const restoreDevice = (world: World, device: Device, ms: number): void => {
  const copy = device.copies[0];
  if (!device.isAlive() || !copy) return;
  world.killDevice(device, 'restore');
  if (!isAlike(device.disk.copy(), copy.files)) world.fire('F20', device.name, `copy of ${copy.at}`);
  device.disk.putBack(copy.files);
  device.version = copy.version;
  device.user = copy.user;
  world.emit({ kind: 'restored', client: device.name, asOf: copy.at });
  reopen(world, device, ms);
};

const isAlike = (one: ReadonlyMap<string, Buffer>, other: ReadonlyMap<string, Buffer>): boolean =>
  one.size === other.size && [...one].every(([name, file]) => other.get(name)?.equals(file) ?? false);

export const cloneDevice = (world: World, device: Device, ms: number): void => {
  if (world.devices.length >= MAX_DEVICES || !device.isAlive()) return;
  const clone = world.addDevice(`${device.name}x${world.devices.length}`, device);
  clone.disk.putBack(device.disk.copy());
  world.fire('F21', device.name, clone.name);
  world.emit({ kind: 'cloned', client: clone.name, from: device.name });
  reopen(world, clone, Math.min(ms, 5 * SECOND));
};
