import { migrateServers } from '../world/database-faults.ts';
import type { Scenario } from './scenario.ts';
import { MINUTE } from './stage.ts';

const PRODUCTS = 60;

/**
 * Alerts were for everybody, and with the next version of the app are for their store
 * alone. Only alerts move; whoever keeps what he had downloads nothing of it again.
 */
export const scopesRedefined: Scenario = {
  name: 'scopes-redefined',
  title:
    'the definition of a scope is changed: only what it concerns moves, all else is not downloaded again',
  setting: { serverVersion: 2, clientVersions: [2, 2, 2] },
  async play(stage) {
    const { world } = stage;
    const device = stage.device(1);
    await stage.sql(async (client) => {
      await client.query(
        `insert into products (id, store_id, name) select 'kept' || i, 's1', 'kept' from generate_series(1, $1::int) i`,
        [PRODUCTS],
      );
      await client.query(
        `insert into alerts (id, store_id, what) values ('near', 's1', 'a'), ('far', 's2', 'b')`,
      );
    });
    await stage.until(
      'it has both alerts and every product',
      async () =>
        (await stage.rows(device, 'alerts')).length === 2 &&
        (await stage.rows(device, 'products')).filter(({ id }) => String(id).startsWith('kept')).length ===
          PRODUCTS,
    );
    await stage.pass(MINUTE);
    const mark = stage.mark;
    await migrateServers(world, 3);
    await stage.until(
      'the other store’s alert goes',
      async () => (await stage.row(device, 'alerts', 'far')) === undefined,
    );
    await stage.pass(5 * MINUTE);
    stage.mustBe((await stage.row(device, 'alerts', 'near')) !== undefined, 'its own store’s alert stays');
    const came = stage
      .pagesTo(device, mark)
      .reduce((sum, text) => sum + (text.match(/"kept\d+"/g)?.length ?? 0), 0);
    stage.mustBe(came === 0, `${came} rows of another table came again`);
    stage.figure('rowsAgain', came);
  },
};
