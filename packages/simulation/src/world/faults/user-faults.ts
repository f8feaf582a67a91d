import type { Device, User } from '../device.ts';
import type { Draw } from '../draw.ts';
import type { World } from '../world.ts';
import { closeDevice, reopen } from './app-process.ts';
import { SECOND } from './fault-action.ts';

/** Somebody else signs in on the device for a while. */
export const switchUser = async (world: World, device: Device, draw: Draw, ms: number): Promise<void> => {
  if (!device.isAlive() || device.owner !== null) return;
  const from = device.user;
  const others = Array.from({ length: world.plan.clients }, (_, index) => world.userOf(index)).filter(
    ({ id }) => id !== from.id,
  );
  if (others.length === 0) return;
  device.owner = from;
  await signIn(world, device, draw.pick(others));
  world.pending.push({ at: world.timeline.now() + ms + SECOND, run: () => back(world, device) });
};

/** The device's own user signs in again. */
export const back = async (world: World, device: Device): Promise<void> => {
  const { owner } = device;
  if (!owner) return;
  device.owner = null;
  await signIn(world, device, owner);
};

const signIn = async (world: World, device: Device, user: User): Promise<void> => {
  if (device.isAlive()) await closeDevice(world, device);
  world.fire('F25', device.name, `${device.user.id} to ${user.id}`);
  world.emit({ kind: 'user-switched', client: device.name, from: device.user.id, to: user.id });
  device.user = user;
  device.copies.length = 0;
  reopen(world, device, 10);
};
