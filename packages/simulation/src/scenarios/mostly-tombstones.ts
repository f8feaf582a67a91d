import type { Scenario } from './scenario.ts';

const ROWS = 3_000;
const LIVE = 30;

/** Of a hundred rows that there ever were one is left; a new device comes. */
export const mostlyTombstones: Scenario = {
  name: 'mostly-tombstones',
  title: '99% of the history are deletions: a new device downloads live rows only',
  async play(stage) {
    const { world } = stage;
    await stage.sql((client) =>
      client.query(
        `insert into ledger (id, store_id, author, amount) select 'row' || i, 's1', 'sql', i from generate_series(1, $1::int) i`,
        [ROWS],
      ),
    );
    await stage.sql((client) => client.query(`delete from ledger where amount > $1`, [LIVE]));
    const mark = stage.mark;
    const fresh = world.addDevice('fresh', stage.device(1));
    await stage.open(fresh);
    await stage.until('the new device is complete', async () => (await stage.app(fresh).status()).complete);
    stage.mustBe((await stage.rows(fresh, 'ledger')).length === LIVE, `${LIVE} rows are there`);
    const came = stage
      .pagesTo(fresh, mark)
      .reduce((sum, text) => sum + (text.match(/"row\d+"/g)?.length ?? 0), 0);
    stage.mustBe(came === LIVE, `${came} keys came for ${LIVE} rows`);
    stage.figure('deleted', ROWS - LIVE);
    stage.figure('keysReceived', came);
  },
};
