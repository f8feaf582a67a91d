import type { Scenario } from './scenario.ts';

/** Rows leave a device, and come to it, though nothing of them was written: their parent moved, or a right did. */
export const scopeLeavesThroughOtherTable: Scenario = {
  name: 'scope-leaves-through-other-table',
  title: 'rows leave their scope by a change in another table alone',
  async play(stage) {
    const device = stage.device(1);
    const gone = (table: string, key: string) => async () =>
      (await stage.row(device, table, key)) === undefined;
    const here = (table: string, key: string) => async () =>
      (await stage.row(device, table, key)) !== undefined;
    await stage.sql(async (client) => {
      await client.query(`insert into products (id, store_id, name) values ('moving', 's1', 'goes')`);
      await client.query(
        `insert into sales (id, product_id, seller, total) values ('sold', 'moving', 'sql', 5)`,
      );
      await client.query(`insert into sale_lines (id, sale_id, quantity) values ('line', 'sold', 1)`);
      await client.query(`insert into farms (id, region, name) values ('farm', null, 'goes')`);
      await client.query(`insert into visits (id, farm_id, finding) values ('visit', 'farm', 'well')`);
    });
    await stage.until('the line of a sale is there', here('saleLines', 'line'));

    await stage.sql((client) => client.query(`update products set store_id = 's3' where id = 'moving'`));
    await stage.until('the sale went with its product', gone('sales', 'sold'));
    await stage.until('and its line with the sale', gone('saleLines', 'line'));
    await stage.sql((client) => client.query(`update products set store_id = 's1' where id = 'moving'`));
    await stage.until('both come back', here('saleLines', 'line'));

    const agent = device.user.id;
    await stage.sql((client) => client.query(`insert into farm_agents values ('farm', $1)`, [agent]));
    await stage.until('a visit comes by a membership', here('visits', 'visit'));
    await stage.sql((client) => client.query(`delete from farm_agents where agent_id = $1`, [agent]));
    await stage.until('and goes with it', gone('visits', 'visit'));
    await stage.until('as the farm does', gone('farms', 'farm'));

    await stage.sql((client) =>
      client.query(`delete from grants where user_id = $1 and store_id = 's1'`, [agent]),
    );
    await stage.until(
      'all of a store goes with the right to it',
      async () => (await stage.rows(device, 'products')).length === 0,
    );
    await stage.until('by two references too', gone('saleLines', 'line'));
  },
};
