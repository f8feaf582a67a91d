import type { KeptOnDevice, KeptOnServer } from '../history.ts';
import type { Device } from './device.ts';
import { ended } from './ended.ts';
import { finalServer } from './final-state.ts';
import type { World } from './world.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
/** Longer than a client may be away (90 days), and than anything is kept for its sake. */
const LONG = 100 * 24 * HOUR;

/**
 * A hundred days on which nobody writes: every chore comes round, every device syncs once
 * more, and what is kept then is counted.
 */
export const age = async (world: World): Promise<void> => {
  await world.timeline.leap(LONG, 5, 3 * SECOND);
  for (let round = 0; round < 2; round += 1) {
    for (const device of world.devices) await syncOnce(world, device);
    // An outcome that was acknowledged stays an hour, a snapshot is taken each.
    await world.timeline.leap(4 * HOUR, 2, 3 * SECOND);
  }
  const clients: KeptOnDevice[] = [];
  for (const device of world.devices) {
    const kept = await keptOn(world, device);
    if (kept) clients.push(kept);
  }
  world.emit({ kind: 'aged', kept: await keptOnServer(world), clients, server: await finalServer(world) });
};

const syncOnce = async (world: World, device: Device): Promise<void> => {
  if (!device.satchel) return;
  const ran = await world.until(device.satchel.sync.now(), 120 * SECOND);
  if (ran.kind === 'failed') ended(world)(ran.error);
};

const keptOn = async (world: World, device: Device): Promise<KeptOnDevice | null> => {
  let kept: KeptOnDevice | null = null;
  await world.lookAt(device, async (satchel) => {
    const [row] = await satchel.all(
      `select (select count(*) from satchel_outbox where state = 'settled') as settled,
        (select count(*) from satchel_outbox where state <> 'settled') as unsettled,
        (select count(*) from satchel_changes) as changes,
        (select count(*) from satchel_base) as base,
        (select count(*) from satchel_stage) as stage,
        (select count(*) from satchel_erased) as erased`,
    );
    const { locked, needsAuth } = await satchel.status();
    kept = {
      client: device.name,
      shutOut: locked || needsAuth !== null,
      ...(row as unknown as Omit<KeptOnDevice, 'client' | 'shutOut'>),
    };
  });
  return kept;
};

const keptOnServer = async ({ reader }: World): Promise<KeptOnServer> => {
  const { rows } = await reader.query<KeptOnServer>(
    `select
      (select count(*)::int from satchel.entries where present and scope not like '~%') as present,
      (select count(*)::int from satchel.entries where not present and scope not like '~%') as gone,
      (select count(*)::int from satchel.mutations where state = 'settled') as settled,
      (select count(*)::int from satchel.mutations where state <> 'settled') as waiting,
      (select count(*)::int from satchel.runs r, unnest(r.settled) part) as ranges,
      (select count(*)::int from satchel.runs r where not isempty(r.settled)) as runs,
      (select count(*)::int from satchel.audit) as audit,
      (select count(*)::int from satchel.hours) as hours,
      (select count(*)::int from satchel.moments) as moments`,
  );
  return rows[0] as KeptOnServer;
};
