import type { Scenario } from './scenario.ts';
import { SECOND } from './stage.ts';

const EDITS = 12;

/**
 * The server applies a batch, and its answer is lost: on the wire, and by the server's
 * own death after the commit. The batch comes again.
 */
export const ackLostBatchRetried: Scenario = {
  name: 'ack-lost-batch-retried',
  title:
    'the answer to an applied batch is lost and the batch comes again: counters unchanged, first outcomes returned',
  async play(stage) {
    const device = stage.device(1);
    const product = (await stage.rows(device, 'products'))[0];
    stage.mustBe(product !== undefined, 'there is a product');
    const id = String(product?.id);
    const stockOf = async (): Promise<number> =>
      (await stage.select<{ stock: number }>('select stock from products where id = $1', [id])).map(
        ({ stock }) => Number(stock),
      )[0] ?? Number.NaN;
    let repeats = 0;
    let expected = await stockOf();
    for (const way of ['wire', 'server'] as const) {
      const mark = stage.mark;
      device.setOnline(false);
      for (let edit = 0; edit < EDITS; edit += 1)
        await stage.edit(device, async (hand) => {
          hand.insert('ledger', {
            id: hand.marks.key(),
            storeId: 's1',
            author: hand.marks.value(),
            amount: edit,
          });
          const row = (await hand.rows('products')).find((one) => one.id === id);
          if (row) hand.update('products', row, { stock: Number(row.stock) + 1 });
        });
      expected += EDITS;
      if (way === 'wire') {
        // Downwards nothing comes: the live connection would tell the outcomes before the batch is sent again.
        device.troubles.push({ fault: 'F7', until: stage.now + 4 * SECOND, share: 1, way: 'down' });
        stage.world.fire('F2', device.name, 'every answer is lost');
      } else
        killAfterCommit(stage.world.servers[0], () => {
          stage.world.fire('F28b', 's0', 'after a commit');
          stage.world.timeline.after(0, () => stage.world.crashServer(0, 2 * SECOND), 'crash');
        });
      device.setOnline(true);
      await stage.drained(device);
      const told = stage.since(mark, 'told').filter(({ client }) => client === device.name);
      stage.mustBe(
        told.every(({ outcome }) => outcome === 'applied'),
        `${way}: every outcome is the first one`,
      );
      repeats += told.filter(({ repeat }) => repeat).length;
      stage.mustBe(
        (await stockOf()) === expected,
        `${way}: the stock is ${expected}, not ${await stockOf()}`,
      );
    }
    stage.mustBe(repeats > 0, 'the server says of some batch that it knows it');
    stage.figure('repeats', repeats);
  },
};

/** The process ends right after its next commit of a mutation. */
const killAfterCommit = (
  server: { alive: boolean; onCommit?: (when: 'before' | 'after') => boolean } | undefined,
  died: () => void,
): void => {
  if (!server) return;
  // The first commit keeps the request, the second applies it.
  let left = 2;
  server.onCommit = (when) => {
    if (when === 'before') return false;
    left -= 1;
    if (left > 0) return false;
    server.alive = false;
    delete server.onCommit;
    died();
    return true;
  };
};
