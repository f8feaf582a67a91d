import type { Fault } from '../../faults.ts';
import type { Device } from '../device.ts';
import type { Draw } from '../draw.ts';
import type { Trouble } from '../network.ts';
import type { World } from '../world.ts';
import { write } from '../writing.ts';
import { syncSoon } from './app-process.ts';
import type { FaultAction } from './fault-action.ts';

/*
 * What is wrong with a device's line. The network counts a fault when an exchange or a
 * message met it, not here.
 */

const trouble = (world: World, device: Device, one: Trouble): void => {
  // Without a network there is no line to be wrong.
  device.setOnline(true);
  device.troubles.push(one);
  // The device asks again when it is over, as one does whose radio tells it so.
  world.timeline.after(
    one.until - world.timeline.now() + 50,
    () => device.satchel?.sync.foreground(),
    'over',
  );
};

/** Faults that a live connection meets too, or that it alone does. */
const OF_LIVE: ReadonlySet<Fault> = new Set(['F1', 'F2', 'F5', 'F11', 'F14']);

/** Some share of what passes the line meets the fault for a while. */
export const troubleLine = async (
  world: World,
  device: Device,
  draw: Draw,
  { fault, ms, draw: seed }: FaultAction,
): Promise<void> => {
  // Pushes and pages go over the live connection while there is one: of many faults only requests can tell.
  if (!OF_LIVE.has(fault)) world.network.cutOpen(device);
  trouble(world, device, { fault, until: world.timeline.now() + ms, share: draw.pick([0.5, 1]) });
  // Something must be under way to meet it: of a live connection, something that others wrote.
  if (fault === 'F14') world.writers.edit('bulk', 0, false, seed);
  await write(world, device, draw.pick(['book', 'edit-product', 'sell'] as const), seed);
  syncSoon(world, device);
  // What goes astray is overtaken by others.
  if (fault === 'F6') for (const other of world.devices) syncSoon(world, other);
};

/** One direction is lost, or both. */
export const loseOneWay = (world: World, device: Device, draw: Draw, ms: number): void => {
  trouble(world, device, {
    fault: 'F7',
    until: world.timeline.now() + ms,
    share: 1,
    way: draw.pick(['up', 'down', 'both'] as const),
  });
  syncSoon(world, device);
};

/** Down and up again, for 10 ms to 10 s each. */
export const flap = (world: World, device: Device, draw: Draw, ms: number): void => {
  device.setOnline(true);
  const end = world.timeline.now() + ms;
  let isOver = false;
  world.pending.push({
    at: end,
    run: () => {
      isOver = true;
    },
  });
  const down = (): void => {
    if (isOver || world.timeline.now() >= end) return;
    const length = draw.between(10, 10_000);
    device.troubles.push({ fault: 'F8', until: Math.min(end, world.timeline.now() + length), share: 1 });
    world.timeline.after(length + draw.between(10, 10_000), down, 'flap');
    syncSoon(world, device);
  };
  down();
};

/** The device has another address in the middle of a sync: what was open ends without a word. */
export const changeAddress = (world: World, device: Device, draw: Draw): void => {
  device.setOnline(true);
  syncSoon(world, device);
  const change = (): void => {
    if (world.network.cutOpen(device) > 0) world.fire('F12', device.name, 'another address');
  };
  world.timeline.after(draw.between(5, 80), change, 'address');
};
