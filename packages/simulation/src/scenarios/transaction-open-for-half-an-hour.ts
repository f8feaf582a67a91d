import { doctor } from '@satchel/server';
import { fieldApp } from '../app/field-app.ts';
import type { Scenario } from './scenario.ts';
import { MINUTE } from './stage.ts';

/** A script has written, and stands open for thirty minutes before it commits. */
export const transactionOpenForHalfAnHour: Scenario = {
  name: 'transaction-open-for-half-an-hour',
  title:
    'a transaction stays open for 30 minutes: the doctor names it, nobody waits for it, and nothing of it is missed',
  async play(stage) {
    const { world } = stage;
    const device = stage.device(1);
    const other = stage.device(2);
    const open = stage.transaction(30 * MINUTE, (client) =>
      client.query(`insert into ledger (id, store_id, author, amount) values ('open', 's1', 'sql', 1)`),
    );
    await stage.pass(MINUTE);
    let slowest = 0;
    for (let minute = 1; minute < 29; minute += 2) {
      const key = await stage.alert(other);
      const took = await stage.until(
        'others go on meanwhile',
        async () => (await stage.row(device, 'alerts', key)) !== undefined,
        MINUTE,
      );
      slowest = Math.max(slowest, took);
      if (minute === 15) {
        const node = world.servers[0]?.node;
        stage.mustBe(node !== undefined, 'a server serves');
        if (!node) return;
        // PostgreSQL dates a transaction by its own clock, which stands still here: any age counts as old.
        const findings = await stage.ask(
          doctor(node.ctx.db, fieldApp(world.serverVersion), { clock: world.timeline, oldTransaction: 0 }),
        );
        stage.mustBe(
          findings.some(({ code }) => code === 'transaction-old'),
          `the doctor names the open transaction, beside ${findings.map(({ code }) => code).join()}`,
        );
      }
      await stage.pass(2 * MINUTE - took);
    }
    stage.mustBe(
      (await stage.row(device, 'ledger', 'open')) === undefined,
      'nothing of it is seen before its commit',
    );
    await stage.ask(open, 10 * MINUTE);
    const after = await stage.until(
      'what it wrote comes',
      async () => (await stage.row(device, 'ledger', 'open')) !== undefined,
    );
    stage.figure('slowestMeanwhileMs', slowest);
    stage.figure('afterCommitMs', after);
  },
};
