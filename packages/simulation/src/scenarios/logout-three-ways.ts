import { SatchelError } from '@satchel/protocol';
import type { Device, User } from '../world/device.ts';
import type { Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';

const GUEST: User = { id: 'guest', roles: ['clerk'] };

/** Somebody else signs in on the device, and looks. */
const guestSees = async (stage: Stage, device: Device, text: string): Promise<void> => {
  const { user } = device;
  device.user = GUEST;
  stage.world.emit({ kind: 'user-switched', client: device.name, from: user.id, to: GUEST.id });
  await stage.open(device);
  await stage.pass(30_000);
  for (const table of device.app.tableOrder)
    stage.mustBe((await stage.rows(device, table)).length === 0, `the guest sees no row of ${table}`);
  stage.mustBe((await stage.outbox(device)).length === 0, 'nor anything that waits');
  const all = await stage.app(device).all('select * from satchel_outbox');
  stage.mustBe(!JSON.stringify(all).includes(text), 'nor what it says');
  await stage.close(device);
  device.user = user;
  stage.world.emit({ kind: 'user-switched', client: device.name, from: GUEST.id, to: user.id });
};

/** A user with work that waits signs out in each of the three ways; a guest signs in after each. */
export const logoutThreeWays: Scenario = {
  name: 'logout-three-ways',
  title:
    'signing out with work that waits: kept, sent first, or discarded with an export; another user sees nothing',
  async play(stage) {
    const device = stage.device(1);
    const write = async (): Promise<string> => {
      let author = '';
      await stage.edit(device, (hand) => {
        author = hand.marks.value();
        hand.insert('ledger', { id: hand.marks.key(), storeId: 's1', author, amount: 1 });
      });
      return author;
    };
    const leave = async (mode: 'keep' | 'upload' | 'discard') => {
      const left = await stage.ask(stage.app(device).logout(mode));
      device.kill();
      return left;
    };

    device.setOnline(false);
    const kept = await write();
    await leave('keep');
    await guestSees(stage, device, kept);
    await stage.open(device);
    stage.mustBe((await stage.unsettled(device)).length === 1, 'what was kept waits for its user');

    // Nothing can be sent now: it is refused, and nothing is lost.
    const refused = await stage.ask(
      stage
        .app(device)
        .logout('upload')
        .then(
          () => null,
          (error: unknown) => error,
        ),
    );
    stage.mustBe(
      refused instanceof SatchelError && refused.code === 'pending_work',
      'sending first is refused without a network',
    );
    stage.mustBe((await stage.unsettled(device)).length === 1, 'and keeps what waits');
    device.setOnline(true);
    await leave('upload');
    await guestSees(stage, device, kept);
    const arrived = await stage.select('select from ledger where author = $1', [kept]);
    stage.mustBe(arrived.length === 1, 'what was sent first has arrived');
    await stage.open(device);
    await stage.drained(device);

    device.setOnline(false);
    const thrown = await write();
    const { exported } = await leave('discard');
    stage.mustBe(exported?.includes(thrown) === true, 'what is discarded is handed out first');
    await guestSees(stage, device, thrown);
    device.setOnline(true);
    await stage.open(device);
    await stage.drained(device);
    stage.mustBe(
      (await stage.select('select from ledger where author = $1', [thrown])).length === 0,
      'and never arrives',
    );
  },
};
