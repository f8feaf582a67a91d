import type { Device } from '../device.ts';
import { ended } from '../ended.ts';
import type { World } from '../world.ts';
import { SECOND } from './fault-action.ts';

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

/** In good order; a device that cannot be closed is killed. */
export const closeDevice = async (world: World, device: Device): Promise<void> => {
  const closed = await world.until(device.close(), 30 * SECOND);
  if (closed.kind === 'failed') ended(world)(closed.error);
  if (device.isAlive()) world.killDevice(device, 'closing');
};

/** Lets the device sync, whatever comes of it. */
export const syncSoon = (world: World, device: Device): void => {
  device.satchel?.sync.now().catch(ended(world));
};
