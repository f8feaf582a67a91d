import type { Scenario } from './scenario.ts';
import { MINUTE } from './stage.ts';

const PARTED = 6 * MINUTE;

/** Two of three devices are cut off upwards, downwards, then both ways, while all of them write. */
export const partitionOneWayAndBoth: Scenario = {
  name: 'partition-one-way-and-both',
  title:
    'a partition upwards, downwards and both ways: after it all is equal, and the status was true throughout',
  async play(stage) {
    const { world } = stage;
    let slowest = 0;
    for (const way of ['up', 'down', 'both'] as const) {
      const until = stage.now + PARTED;
      const parted = [stage.device(1), stage.device(2)];
      for (const device of parted) {
        world.fire('F7', device.name, way);
        device.troubles.push({ fault: 'F7', until, share: 1, way });
      }
      while (stage.now < until) {
        for (const device of world.devices) await stage.book(device);
        await stage.pass(30_000);
        if (until - stage.now > PARTED / 2) continue;
        for (const device of parted) {
          const { phase } = await stage.app(device).status();
          stage.mustBe(phase !== 'synced', `${device.name} is parted ${way}, and says ${phase}`);
        }
      }
      const from = stage.now;
      for (const device of world.devices) await stage.drained(device);
      await stage.until('every device has every entry', async () => {
        const there = await stage.select<{ n: number }>(
          `select count(*)::int as n from ledger where store_id = 's1'`,
        );
        for (const device of world.devices)
          if ((await stage.rows(device, 'ledger')).length !== there[0]?.n) return false;
        return true;
      });
      slowest = Math.max(slowest, stage.now - from);
    }
    stage.figure('slowestHealMs', slowest);
  },
};
