import { backUp, restoreBackup } from '../database-faults.ts';
import type { Device } from '../device.ts';
import type { World } from '../world.ts';
import { reopen } from './app-process.ts';
import { DAY, type FaultAction, SECOND } from './fault-action.ts';

/** A backup now; somewhat later it takes the place of the database. */
export const restoreLater = async (world: World, { ms, draw }: FaultAction): Promise<void> => {
  if (!(await backUp(world))) return;
  // Something that it does not have.
  world.writers.edit('count', 0, false, draw);
  world.timeline.after(10 * SECOND + ms, () => restoreBackup(world), 'restore');
};

/** A hundred days go by while the device lies in a drawer: tombstones are pruned, and it is no longer waited for. */
export const prune = async (world: World, device: Device): Promise<void> => {
  if (!device.isAlive()) return;
  const before = await horizons(world);
  world.killDevice(device, 'switched off');
  world.writers.edit('delete', 0, false, world.step + 1);
  await world.timeline.leap(100 * DAY, 10, 1_500);
  if ((await horizons(world)) !== before) world.fire('F34', device.name, 'away for 100 days');
  reopen(world, device, 10);
};

/** Up to where tombstones were pruned, scope by scope, in one text. */
const horizons = async (world: World): Promise<string> => {
  const { rows } = await world.reader.query<{ all: string }>(
    `select coalesce(string_agg(h.scope || ' ' || h.snapshot::text, ',' order by h.scope), '') as all
     from satchel.horizons h`,
  );
  return rows[0]?.all ?? '';
};
