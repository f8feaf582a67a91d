import type { Scenario } from './scenario.ts';

/** A right is taken while the device is away and has edits of what it no longer may see. */
export const rightTakenWithWorkWaiting: Scenario = {
  name: 'right-taken-with-work-waiting',
  title:
    'a right is taken while edits wait: the row goes, the edit is in quarantine with its reason and can be exported',
  async play(stage) {
    const device = stage.device(2);
    const product = (await stage.rows(device, 'products')).find(({ storeId }) => storeId === 's2');
    stage.mustBe(product !== undefined, 'the device has a product of s2');
    const key = String(product?.id);
    device.setOnline(false);
    const name = stage.world.marks.value();
    await stage.edit(device, (hand) => product && hand.update('products', product, { name }));
    await stage.book(device);
    await stage.sql((client) =>
      client.query(`delete from grants where user_id = $1 and store_id = 's2'`, [device.user.id]),
    );
    await stage.pass(60_000);
    stage.mustBe(
      (await stage.row(device, 'products', key))?.name === name,
      'it sees its own edit while it is away',
    );
    device.setOnline(true);
    await stage.until(
      'the row is gone',
      async () => (await stage.row(device, 'products', key)) === undefined,
    );
    await stage.until('only the quarantine is left', async () => {
      const left = await stage.unsettled(device);
      return left.length > 0 && left.every(({ state }) => state === 'quarantined');
    });
    const quarantine = await stage.ask(stage.app(device).quarantine.list());
    stage.mustBe(quarantine.length === 1, `one mutation is in quarantine, not ${quarantine.length}`);
    stage.mustBe((quarantine[0]?.problem.code ?? '') !== '', 'it says why');
    const exported = await stage.ask(stage.app(device).quarantine.export());
    stage.mustBe(exported.includes(name), 'the export has what was written');
  },
  atRest(stage, { clients }) {
    const left = clients.flatMap(({ outbox }) => outbox).filter(({ state }) => state === 'quarantined');
    stage.mustBe(left.length === 1, 'it is still in quarantine at rest');
  },
};
