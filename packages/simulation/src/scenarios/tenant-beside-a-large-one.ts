import type { Device } from '../world/device.ts';
import type { Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';

const GROWTH = 3_000;
const OWN_ROWS = 50;

interface Cost {
  readonly pages: number;
  readonly bytes: number;
}

/** What a first copy costs a device of the small tenant. */
const firstCopy = async (stage: Stage, name: string, like: Device): Promise<Cost> => {
  const mark = stage.mark;
  const device = stage.world.addDevice(name, like);
  device.user = { id: 'small', roles: ['clerk'] };
  await stage.open(device);
  await stage.until(`${name} is complete`, async () => (await stage.app(device).status()).complete);
  stage.mustBe((await stage.rows(device, 'ledger')).length === OWN_ROWS, 'the small tenant has its rows');
  // Answers of nothing new, and hints, come when they like.
  const texts = stage.pagesTo(device, mark).filter((text) => text.startsWith('{"line"'));
  return {
    pages: texts.length,
    bytes: texts.reduce((sum, text) => sum + text.length, 0),
  };
};

/** A tenant of fifty rows beside one that grows by thousands: the small one's copy costs what it did. */
export const tenantBesideALargeOne: Scenario = {
  name: 'tenant-beside-a-large-one',
  title: 'one tenant’s size changes nothing for another: its copy takes as many pages and bytes as before',
  async play(stage) {
    const like = stage.device(1);
    await stage.sql(async (client) => {
      await client.query(`insert into grants values ('small', 's3')`);
      await client.query(
        `insert into ledger (id, store_id, author, amount) select 'own' || i, 's3', 'sql', i from generate_series(1, $1::int) i`,
        [OWN_ROWS],
      );
    });
    const before = await firstCopy(stage, 'before', like);
    await stage.sql((client) =>
      client.query(
        `insert into ledger (id, store_id, author, amount) select 'big' || i, 's1', 'sql', i from generate_series(1, $1::int) i`,
        [GROWTH],
      ),
    );
    const after = await firstCopy(stage, 'after', like);
    stage.mustBe(after.pages === before.pages, `${after.pages} pages instead of ${before.pages}`);
    // Cursors hold numbers of transactions, which have grown by some digits.
    stage.mustBe(
      Math.abs(after.bytes - before.bytes) < 0.05 * before.bytes,
      `${after.bytes} bytes instead of ${before.bytes}`,
    );
    stage.figure('bytesBefore', before.bytes);
    stage.figure('bytesAfter', after.bytes);
  },
};
