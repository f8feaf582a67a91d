import { backUp, restoreBackup } from '../world/database-faults.ts';
import type { Scenario } from './scenario.ts';
import { HOUR, MINUTE } from './stage.ts';

const DEVICES = 20;
/** Each device of so many is away, with work that was never sent. */
const AWAY = 5;
const NEVER_SENT = DEVICES / AWAY;
/** Rounds of work in the day that the backup does not know of. */
const ROUNDS = 6;

/**
 * Devices work for a day; then the database is put back to a backup made at
 * its beginning. Some devices were away, with work that had never been sent.
 */
export const backupRestoredWithWorkWaiting: Scenario = {
  name: 'backup-restored-with-work-waiting',
  title:
    'the database is put back to a backup of 24 hours ago: devices see it, keep what waits, and offer again what was lost',
  setting: { clients: DEVICES },
  async play(stage) {
    const { world } = stage;
    stage.mustBe(await backUp(world), 'a backup was made');
    await stage.pass(MINUTE);
    const work = async (every: number): Promise<void> => {
      for (const [index, device] of world.devices.entries())
        if (index % every === 0) await stage.book(device, index);
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      await work(1);
      await stage.pass((24 * HOUR) / ROUNDS);
    }
    for (const device of world.devices) await stage.drained(device);
    const acknowledged =
      (await stage.select<{ n: number }>('select count(*)::int as n from ledger'))[0]?.n ?? 0;
    stage.mustBe(acknowledged === DEVICES * ROUNDS, `${acknowledged} entries were acknowledged`);
    // Some are away, and go on working.
    for (const [index, device] of world.devices.entries()) if (index % AWAY === 0) device.setOnline(false);
    await work(AWAY);
    await restoreBackup(world);
    const left = (await stage.select<{ n: number }>('select count(*)::int as n from ledger'))[0]?.n ?? 0;
    stage.mustBe(left === 0, 'the backup knows nothing of it');
    const from = stage.now;
    for (const device of world.devices) device.setOnline(true);
    const wanted = acknowledged + NEVER_SENT;
    await stage.until(
      'all is offered again',
      async () =>
        ((await stage.select<{ n: number }>('select count(*)::int as n from ledger'))[0]?.n ?? 0) >= wanted,
      2 * HOUR,
    );
    const there = (await stage.select<{ n: number }>('select count(*)::int as n from ledger'))[0]?.n ?? 0;
    stage.mustBe(there === wanted, `${there} entries are there, not ${wanted}`);
    stage.figure('devices', DEVICES);
    stage.figure('acknowledged', acknowledged);
    stage.figure('offeredAgain', there - NEVER_SENT);
    stage.figure('neverSent', NEVER_SENT);
    stage.figure('tookMs', stage.now - from);
  },
};
