import { NEWEST, type SchemaVersion } from '../../app/field-app.ts';
import type { Device } from '../device.ts';
import type { Draw } from '../draw.ts';
import type { World } from '../world.ts';
import { write } from '../writing.ts';
import { closeDevice, reopen } from './app-process.ts';

/** The app of the next version opens what the last one left, or one of an earlier version tries to. */
export const upgrade = async (world: World, device: Device, draw: Draw): Promise<void> => {
  if (!device.isAlive()) return;
  const from = device.version;
  if (from > 1 && (from === NEWEST || draw.chance(0.3))) {
    await openOlder(world, device, (from - 1) as SchemaVersion);
    device.version = from;
  } else if (from < NEWEST) {
    await write(world, device, 'add-customer', draw.between(1, 2 ** 30));
    const waiting = await unsettledOn(world, device);
    await closeDevice(world, device);
    device.version = (from + 1) as SchemaVersion;
    if (waiting > 0) world.fire('F24', device.name, `up to ${device.version} with ${waiting} in the outbox`);
    world.emit({ kind: 'upgraded', client: device.name, from, to: device.version });
  }
  reopen(world, device, 10);
};

/** An older app on a newer database must refuse it, and leave it as it is. */
const openOlder = async (world: World, device: Device, version: SchemaVersion): Promise<void> => {
  await closeDevice(world, device);
  device.version = version;
  const refused = await world.openDevice(device);
  world.fire('F24', device.name, `down to ${version}: ${refused ?? 'opened'}`);
  if (refused === null)
    world.violate('F24', `${device.name}: an older app opened a newer database`, world.history.length - 1);
  device.kill();
};

const unsettledOn = async (world: World, device: Device): Promise<number> => {
  let waiting = 0;
  await world.lookAt(device, async (satchel) => {
    const [row] = await satchel.all(
      `select count(*) as waiting from satchel_outbox where state not in ('settled', 'quarantined')`,
    );
    waiting = Number(row?.waiting);
  });
  return waiting;
};
