import type { Scenario } from './scenario.ts';
import { DAY, MINUTE } from './stage.ts';

/** Of the rule on remarks. */
const WAITS = 30 * MINUTE;

/** A clash that a person has to decide; the person is away for a week, and the rule has an end. */
export const reviewNobodyComesTo: Scenario = {
  name: 'review-nobody-comes-to',
  title:
    'a conflict under review: what depends on it waits, all else flows; nobody comes for a week, the rule decides and it is on record',
  async play(stage) {
    const device = stage.device(2);
    await stage.sql((client) =>
      client.query(
        `insert into products (id, store_id, name, remark) values ('disputed', 's1', 'p', 'base')`,
      ),
    );
    await stage.until(
      'it has the row',
      async () => (await stage.row(device, 'products', 'disputed')) !== undefined,
    );
    device.setOnline(false);
    const edit = (column: string) =>
      stage.edit(device, async (hand) => {
        const row = (await hand.rows('products')).find(({ id }) => id === 'disputed');
        if (row) hand.update('products', row, { [column]: hand.marks.value() });
      });
    await edit('remark');
    await stage.sql((client) => client.query(`update products set remark = 'theirs' where id = 'disputed'`));
    device.setOnline(true);
    await stage.until('it is under review', async () =>
      (await stage.unsettled(device)).some(({ state }) => state === 'review'),
    );
    // The same row again, and something else.
    await edit('remark');
    const free = await stage.book(device);
    await stage.until(
      'what does not depend on it flows',
      async () => (await stage.select('select from ledger where id = $1', [free])).length === 1,
      MINUTE,
    );
    stage.mustBe((await stage.unsettled(device)).length === 2, 'what depends on it waits');
    const [during] = await stage.select<{ remark: string }>(
      `select remark from products where id = 'disputed'`,
    );
    stage.mustBe(during?.remark === 'theirs', 'nobody else sees what is under review');

    await stage.pass(WAITS - 10 * MINUTE);
    stage.mustBe((await stage.unsettled(device)).length === 2, 'it waits as long as the rule says');
    await stage.pass(7 * DAY);
    await stage.drained(device);
    const conflicts = await stage.select<{ state: string; decision: string; decided_by: string }>(
      `select state, decision, decided_by from satchel.conflicts where key = 'disputed'`,
    );
    stage.mustBe(conflicts.length === 1, `one conflict is on record, not ${conflicts.length}`);
    const [{ state, decision, decided_by } = { state: '', decision: '', decided_by: '' }] = conflicts;
    stage.mustBe(
      state === 'settled' && decision === 'accept-server' && decided_by === 'policy',
      `the record says that the rule decided, and how: ${state} ${decision} ${decided_by}`,
    );
    const outcomes = (await stage.outbox(device)).map(({ outcome }) => outcome).sort();
    stage.mustBe(
      outcomes.join() === 'applied,superseded,superseded',
      `its author is told of both edits: ${outcomes.join()}`,
    );
    const [after] = await stage.select<{ remark: string }>(
      `select remark from products where id = 'disputed'`,
    );
    stage.mustBe(after?.remark === 'theirs', `as it says, for what the server had, not ${after?.remark}`);
  },
};
