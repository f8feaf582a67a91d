import type { Scenario } from './scenario.ts';
import { MINUTE, SECOND } from './stage.ts';

const ROWS = 3_000;
const CUTS = 5;

/**
 * A right to many old rows is given while they are being changed, and the line drops in
 * the middle of the copy, again and again.
 */
export const largeRightGivenCutMidway: Scenario = {
  name: 'large-right-given-cut-midway',
  title:
    'a right to thousands of old rows is given under live changes and the line drops midway: no duplicate, no gap',
  async play(stage) {
    const { world } = stage;
    const device = stage.device(1);
    await stage.sql((client) =>
      client.query(
        `insert into ledger (id, store_id, author, amount) select 'old' || i, 's3', 'sql', 0 from generate_series(1, $1::int) i`,
        [ROWS],
      ),
    );
    await stage.drained(device);
    const mark = stage.mark;
    await stage.sql((client) => client.query(`insert into grants values ($1, 's3')`, [device.user.id]));
    const held = async (): Promise<number> =>
      (await stage.app(device).all(`select count(*) as n from ledger where store_id = 's3'`)).map(({ n }) =>
        Number(n),
      )[0] ?? 0;
    let cuts = 0;
    let changed = 0;
    const from = stage.now;
    for (let here = 0; here < ROWS; here = await held()) {
      stage.mustBe(stage.now - from < 30 * MINUTE, `the copy is complete, not ${here} of ${ROWS}`);
      if (cuts < CUTS && here >= (cuts * ROWS) / (CUTS + 1)) {
        cuts += 1;
        world.fire('F12', device.name, `cut at ${here} rows`);
        device.setOnline(false);
        await stage.pass(2 * SECOND);
        device.setOnline(true);
      }
      changed += 1;
      await stage.sql((client) =>
        client.query(`update ledger set amount = amount + 1 where id = 'old' || $1`, [
          (changed * 37) % ROWS || ROWS,
        ]),
      );
      await world.timeline.advance(50);
    }
    await stage.until(
      'the device says that it is complete',
      async () => (await stage.app(device).status()).complete,
    );
    // How often each row came: a copy that began anew at each cut would bring most of them several times.
    const texts = stage.pagesTo(device, mark);
    const came = texts.reduce((sum, text) => sum + (text.match(/"old\d+"/g)?.length ?? 0), 0);
    stage.mustBe(cuts > 0, 'the line dropped midway');
    stage.mustBe(came < 2 * ROWS, `${came} rows came for ${ROWS}: the copy goes on where it was cut`);
    stage.figure('rows', ROWS);
    stage.figure('cuts', cuts);
    stage.figure('changedMeanwhile', changed);
    stage.figure('rowsReceived', came);
  },
};
