import type { Fault } from '../../faults.ts';
import type { Device } from '../device.ts';
import type { Draw } from '../draw.ts';
import { pass } from '../pass.ts';
import type { World } from '../world.ts';
import { write } from '../writing.ts';
import { reopen, syncSoon } from './app-process.ts';
import { DAY, type FaultAction } from './fault-action.ts';

/* What happens to the process of the app on a device. */

export const killFor = (world: World, device: Device, fault: Fault, ms: number): void => {
  if (!device.isAlive()) return;
  world.fire(fault, device.name, `for ${ms}`);
  world.killDevice(device, 'between two steps');
  reopen(world, device, ms);
};

/** Somewhere in a sync that begins now. */
export const killSoon = (world: World, device: Device, draw: Draw, ms: number): void => {
  world.timeline.after(draw.between(0, 400), () => killFor(world, device, 'F15', ms), 'kill');
  syncSoon(world, device);
};

/** At a statement of a local transaction. */
export const killWithin = async (
  world: World,
  device: Device,
  draw: Draw,
  action: FaultAction,
): Promise<void> => {
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
  if (device.satchel === satchel) syncSoon(world, device);
};

/** The app stands still: nothing that it waits for reaches it until it wakes. */
export const sleep = async (world: World, device: Device, draw: Draw, ms: number): Promise<void> => {
  if (!device.isAlive() || device.isAsleep) return;
  const days = draw.chance(0.25) ? draw.pick([0.5, 1, 3, 20]) : 0;
  world.fire('F17', device.name, days > 0 ? `${days} days` : `${ms} ms`);
  device.sleep();
  if (days > 0) {
    await pass(world, days * DAY);
    device.wake();
  } else world.timeline.after(ms, () => device.wake(), `wake ${device.name}`);
};

/** The database is opened a second time beside the process that has it: that must be refused. */
export const openTwice = async (world: World, device: Device): Promise<void> => {
  if (!device.isAlive()) return;
  world.fire('F22', device.name, 'opened twice');
  if ((await device.openTwice()) === 'opened')
    world.violate('F22', `${device.name}: the database was opened twice`, world.history.length - 1);
};
