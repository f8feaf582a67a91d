import type { Scenario } from './scenario.ts';

/**
 * The server deletes rows that a device has edited while it was away: under a rule by
 * which the edit wins, one by which the deletion wins, and one that asks a person.
 */
export const deletedUnderAnOfflineEdit: Scenario = {
  name: 'deleted-under-an-offline-edit',
  title:
    'the server deletes a row that was edited offline: the edit wins, is asked about, or is kept in a conflict',
  async play(stage) {
    const device = stage.device(2);
    await stage.sql(async (client) => {
      await client.query(`insert into products (id, store_id, name) values ('product', 's1', 'before')`);
      await client.query(
        `insert into customers (id, store_id, first_name, last_name) values ('customer', 's1', 'Before', '')`,
      );
      await client.query(`insert into farms (id, region, name) values ('farm', 'r1', 'before')`);
    });
    await stage.until(
      'all are on the device',
      async () =>
        (await stage.row(device, 'products', 'product')) !== undefined &&
        (await stage.row(device, 'customers', 'customer')) !== undefined &&
        (await stage.row(device, 'farms', 'farm')) !== undefined,
    );
    device.setOnline(false);
    const edits = [
      ['products', 'product', 'name'],
      ['customers', 'customer', 'firstName'],
      ['farms', 'farm', 'name'],
    ] as const;
    for (const [table, key, column] of edits)
      await stage.edit(device, async (hand) => {
        const row = (await hand.rows(table)).find(({ id }) => id === key);
        if (row) hand.update(table, row, { [column]: hand.marks.value() });
      });
    await stage.sql(async (client) => {
      await client.query(`delete from products where id = 'product'`);
      await client.query(`delete from customers where id = 'customer'`);
      await client.query(`delete from farms where id = 'farm'`);
    });
    device.setOnline(true);
    await stage.until('each edit has its answer', async () =>
      (await stage.unsettled(device)).every(({ state }) => state === 'review'),
    );
    const outcomes = (await stage.outbox(device)).map(({ outcome, state }) => outcome ?? state).sort();
    const conflicts = await stage.ask(stage.app(device).conflicts.list({ refresh: true }));
    const records = new Map(conflicts.map((conflict) => [conflict.key, conflict]));
    stage.mustBe(
      (await stage.row(device, 'products', 'product'))?.name !== 'before',
      `where the edit wins the row is there again, with the edit: ${outcomes.join()}`,
    );
    for (const key of ['customer', 'farm']) {
      const { client } = records.get(key) ?? {};
      stage.mustBe(client !== undefined && client !== null, `a conflict keeps what was written to ${key}`);
    }
    stage.mustBe(
      records.get('farm')?.state !== undefined,
      'where a person is asked there is something to decide',
    );
  },
};
