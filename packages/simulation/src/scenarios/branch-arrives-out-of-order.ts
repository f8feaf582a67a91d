import { backUp, restoreBackup } from '../world/database-faults.ts';
import type { Scenario } from './scenario.ts';
import { DAY, MINUTE } from './stage.ts';

/**
 * One device has made a product and told the server; another has seen it and sells it
 * while it is away. The server's database is put back to before the product, and the
 * seller comes first: the child is there a day before its parent.
 */
export const branchArrivesOutOfOrder: Scenario = {
  name: 'branch-arrives-out-of-order',
  title:
    'the pieces of one offline branch arrive in the wrong order: children wait for their parents, and nothing is lost',
  async play(stage) {
    const { world } = stage;
    const maker = stage.device(0);
    const seller = stage.device(1);
    stage.mustBe(await backUp(world), 'a backup was made');
    await stage.pass(MINUTE);
    let product = '';
    await stage.edit(maker, async (hand) => {
      product = await hand.addProduct({ storeId: 's1' });
    });
    await stage.drained(maker);
    await stage.until(
      'the seller sees the product',
      async () => (await stage.row(seller, 'products', product)) !== undefined,
    );
    maker.setOnline(false);
    seller.setOnline(false);
    let sale = '';
    await stage.edit(seller, (hand) => {
      sale = hand.insert('sales', {
        id: hand.marks.key(),
        productId: product,
        seller: hand.marks.value(),
        total: 5,
        voided: null,
      });
    });
    for (let line = 1; line <= 3; line += 1)
      await stage.edit(seller, (hand) => {
        hand.insert('saleLines', { id: hand.marks.key(), saleId: sale, quantity: line });
      });
    await restoreBackup(world);
    await stage.pass(MINUTE);
    seller.setOnline(true);
    await stage.until('the sale waits for its product', async () => {
      const left = await stage.unsettled(seller);
      return left.length > 0 && left.some(({ held }) => held);
    });
    await stage.pass(DAY);
    const waiting = await stage.unsettled(seller);
    stage.mustBe(waiting.length > 0, 'it waits for a day');
    stage.mustBe(
      waiting.every(({ state }) => state !== 'quarantined'),
      'nothing of it was refused',
    );
    maker.setOnline(true);
    await stage.drained(seller);
    stage.figure('heldPieces', waiting.length);
  },
  atRest(stage, { server }) {
    stage.mustBe((server.tables.sales ?? []).length === 1, 'the sale is there');
    stage.mustBe((server.tables.saleLines ?? []).length === 3, 'with its three lines');
  },
};
