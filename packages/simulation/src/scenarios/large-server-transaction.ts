import type { Scenario } from './scenario.ts';
import { HOUR } from './stage.ts';

const ROWS = 10_000;

/** One transaction of the server writes ten thousand rows, and an urgent one comes right after it. */
export const largeServerTransaction: Scenario = {
  name: 'large-server-transaction',
  title:
    'a transaction of 10,000 rows on the server is there whole or not at all, and keeps no urgent row waiting',
  async play(stage) {
    const device = stage.device(1);
    // All users hold s1: what is watched here is the whole, not who sees it.
    await stage.sql((client) =>
      client.query(
        `insert into ledger (id, store_id, author, amount) select 'bulk' || i, 's1', 'sql', i from generate_series(1, $1::int) i`,
        [ROWS],
      ),
    );
    await stage.sql((client) =>
      client.query(`insert into alerts (id, store_id, what) values ('urgent', 's1', 'now')`),
    );
    const from = stage.now;
    let urgentAt: number | undefined;
    let seen = 0;
    await stage.until(
      'all of it is there',
      async () => {
        const [{ n } = { n: 0 }] = await stage
          .app(device)
          .all(`select count(*) as n from ledger where id like 'bulk%'`);
        seen = Number(n);
        stage.mustBe(seen === 0 || seen === ROWS, `${seen} of ${ROWS} rows are seen`);
        if (urgentAt === undefined && (await stage.row(device, 'alerts', 'urgent')))
          urgentAt = stage.now - from;
        return seen === ROWS && urgentAt !== undefined;
      },
      HOUR,
    );
    stage.figure('rows', ROWS);
    stage.figure('wholeAfterMs', stage.now - from);
    stage.figure('urgentAfterMs', urgentAt ?? 0);
  },
};
