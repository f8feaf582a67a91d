import type { Device } from '../world/device.ts';
import type { Scenario } from './scenario.ts';
import { MINUTE, type Stage } from './stage.ts';

/** Statements of the device's database between one death and the next. */
const STRIDE = 4;
/** A write and what follows it takes about this many statements; beyond it the device is at rest. */
const MOST = 400;

/** The process dies at its n-th statement from here; `true` when it came to it. */
const armed = ({ world }: Stage, device: Device, statement: number): (() => boolean) => {
  let isDead = false;
  device.disk.killAt(statement, () => {
    isDead = true;
    world.fire('F16', device.name, `at statement ${statement}`);
    world.killDevice(device, `statement ${statement} after the write began`);
  });
  return () => isDead;
};

/**
 * A device writes, and is killed at every fourth statement between that and the end of
 * its run. Opened again, nothing is done for it: what it has goes up, what others wrote
 * comes down.
 */
export const killedAfterALocalCommit: Scenario = {
  name: 'killed-after-a-local-commit',
  title:
    'killed between the local commit and the books of the upload: both directions move after the restart',
  async play(stage) {
    const device = stage.device(1);
    let deaths = 0;
    let slowest = 0;
    for (let statement = 1; statement < MOST; statement += STRIDE) {
      const isDead = armed(stage, device, statement);
      const other = stage.world.marks.key();
      await stage.book(device, statement);
      await stage.sql((client) =>
        client.query(`insert into ledger (id, store_id, author, amount) values ($1, 's1', 'sql', 1)`, [
          other,
        ]),
      );
      if (!isDead()) stage.syncs(device);
      await stage.world.timeline.advance(2_000);
      device.disk.disarm();
      if (!isDead()) break;
      deaths += 1;
      await stage.open(device);
      const took = await stage.until(
        'the restarted device has sent and received',
        async () =>
          (await stage.unsettled(device)).length === 0 &&
          (await stage.row(device, 'ledger', other)) !== undefined,
        2 * MINUTE,
      );
      slowest = Math.max(slowest, took);
    }
    stage.mustBe(deaths >= 10, `the device dies within many statements, not ${deaths}`);
    stage.figure('deaths', deaths);
    stage.figure('slowestMs', slowest);
  },
  async atRest(stage, { server }) {
    const written = stage.since(0, 'wrote').flatMap(({ changes }) => changes);
    const there = new Set((server.tables.ledger ?? []).map(({ id }) => id));
    const lost = written.filter(({ key }) => !there.has(key));
    stage.mustBe(
      lost.length === 0,
      `every write that was told is on the server; missing: ${JSON.stringify(lost)}`,
    );
  },
};
