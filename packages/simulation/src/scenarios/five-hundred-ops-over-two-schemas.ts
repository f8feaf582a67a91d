import { migrateServers } from '../world/database-faults.ts';
import type { Device } from '../world/device.ts';
import type { Hand } from '../world/edits.ts';
import type { Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';

const OPERATIONS = 500;

/** Something of every table that the later versions changed, in the words of version 1. */
const draft = async (hand: Hand, at: number): Promise<void> => {
  const { marks } = hand;
  switch (at % 4) {
    case 0:
      await hand.addProduct({ storeId: 's1' });
      return;
    case 1: {
      const [farm] = await hand.rows('farms');
      if (farm) hand.insert('calls', { id: marks.key(), farmId: String(farm.id), finding: marks.value() });
      return;
    }
    case 2:
      hand.insert('customers', {
        id: marks.key(),
        storeId: 's1',
        fullName: `${marks.value()} ${marks.value()}`,
        phone: marks.value(),
        visits: 0,
      });
      return;
    default:
      hand.insert('ledger', { id: marks.key(), storeId: 's1', author: marks.value(), amount: at });
  }
};

const fill = async (stage: Stage, device: Device): Promise<void> => {
  device.setOnline(false);
  for (let at = 0; at < OPERATIONS; at += 1) await stage.edit(device, (hand) => draft(hand, at));
};

/**
 * Two devices of version 1 fill their outboxes while they are away; meanwhile a column
 * is renamed, one is split, a table is renamed and a column dropped. One of them comes
 * back as it is, the other after its app was brought to the newest version.
 */
export const fiveHundredOpsOverTwoSchemas: Scenario = {
  name: 'five-hundred-ops-over-two-schemas',
  title:
    '500 queued operations of app version 1 after a column rename, a split, a table rename and a dropped column',
  setting: { serverVersion: 1, clientVersions: [1, 1, 1] },
  async play(stage) {
    const { world } = stage;
    const stays = stage.device(1);
    const rises = stage.device(2);
    await stage.drained(rises);
    await fill(stage, stays);
    await fill(stage, rises);
    await migrateServers(world, 2);
    await migrateServers(world, 3);
    stays.setOnline(true);
    await stage.drained(stays);
    await stage.close(rises);
    rises.version = 3;
    world.fire('F24', rises.name, 'up to 3');
    world.emit({ kind: 'upgraded', client: rises.name, from: 1, to: 3 });
    await stage.open(rises);
    rises.setOnline(true);
    await stage.drained(rises);
    stage.figure('operations', 2 * OPERATIONS);
  },
  atRest(stage, { server, clients }) {
    const quarantined = clients
      .flatMap(({ outbox }) => outbox)
      .filter(({ state }) => state === 'quarantined');
    stage.mustBe(
      quarantined.length === 0,
      `nothing is in quarantine: ${JSON.stringify(quarantined.slice(0, 3))}`,
    );
    const each = (2 * OPERATIONS) / 4;
    stage.mustBe((server.tables.visits ?? []).length === each, `${each} calls are visits now`);
    const customers = server.tables.customers ?? [];
    stage.mustBe(customers.length === each, `${each} customers are there, not ${customers.length}`);
    stage.mustBe(
      customers.every(({ firstName, lastName }) => firstName !== '' && lastName !== ''),
      'each of them has both names',
    );
    stage.mustBe((server.tables.ledger ?? []).length === each, `${each} entries of the ledger`);
  },
};
