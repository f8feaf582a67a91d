import { migrateServers } from '../world/database-faults.ts';
import type { Hand } from '../world/edits.ts';
import type { Scenario } from './scenario.ts';
import { DAY, HOUR } from './stage.ts';

const EDITS = 10_000;
const DAYS = 90;

/** Mostly entries that are written once; every tenth edit is of a row that others may edit too. */
const draft = async (hand: Hand, at: number, products: readonly string[]): Promise<void> => {
  if (at % 10 !== 9) {
    hand.insert('ledger', { id: hand.marks.key(), storeId: 's1', author: hand.marks.value(), amount: at });
    return;
  }
  const key = products[at % products.length];
  const row = (await hand.rows('products')).find(({ id }) => id === key);
  if (row) hand.update('products', row, { stock: Number(row.stock) + 1 });
};

/**
 * A device is away for ninety days and writes ten thousand times; meanwhile its token
 * ends, its clock goes wrong, and the server's schema goes two versions on.
 */
export const ninetyDaysOffline: Scenario = {
  name: 'ninety-days-offline',
  title:
    '90 days offline with 10,000 edits, a token that ended and a schema two versions on: all of it arrives',
  setting: { serverVersion: 1, clientVersions: [1, 1, 1] },
  async play(stage) {
    const { world } = stage;
    const device = stage.device(1);
    const other = stage.device(2);
    const products = (await stage.rows(device, 'products')).map(({ id }) => String(id));
    device.setOnline(false);
    for (let day = 0; day < DAYS; day += 1) {
      for (let at = (day * EDITS) / DAYS; at < ((day + 1) * EDITS) / DAYS; at += 1)
        await stage.edit(device, (hand) => draft(hand, Math.floor(at), products));
      await world.timeline.leap(DAY, 2, 100);
      if (day === 30) await migrateServers(world, 2);
      if (day === 45) device.clockError = -3 * HOUR;
      if (day === 60) await migrateServers(world, 3);
      await stage.book(other, day);
    }
    device.tokenExpired = true;
    const mutations = (await stage.unsettled(device)).length;
    device.setOnline(true);
    await stage.until(
      'it asks for a token',
      async () => (await stage.app(device).status()).needsAuth !== null,
    );
    device.tokenExpired = false;
    await stage.ask(stage.app(device).sync.renewed());
    const took = await stage.drained(device, 12 * HOUR);
    stage.figure('days', DAYS);
    stage.figure('edits', EDITS);
    stage.figure('mutations', mutations);
    stage.figure('drainedMs', took);
  },
  atRest(stage, { server }) {
    const [written] = [
      stage
        .since(0, 'wrote')
        .flatMap(({ changes }) => changes)
        .filter(({ table }) => table === 'ledger'),
    ];
    const there = new Set((server.tables.ledger ?? []).map(({ id }) => id));
    const lost = (written ?? []).filter(({ key }) => !there.has(key)).length;
    stage.figure('lost', lost);
    stage.mustBe(lost === 0, `${lost} entries are missing`);
  },
};
