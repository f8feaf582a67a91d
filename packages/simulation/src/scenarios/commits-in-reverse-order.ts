import type pg from 'pg';
import type { Scenario } from './scenario.ts';
import { MINUTE, SECOND } from './stage.ts';

const ROUNDS = 6;

const book = (client: pg.Client, id: string): Promise<unknown> =>
  client.query(`insert into ledger (id, store_id, author, amount) values ($1, 's1', 'sql', 1)`, [id]);

/**
 * Writers commit in the reverse order of their transaction ids and sequence numbers, and
 * one takes its id late and writes within it what a subtransaction numbered higher, while
 * devices read between any two commits.
 */
export const commitsInReverseOrder: Scenario = {
  name: 'commits-in-reverse-order',
  title:
    'writers commit in reverse order of their numbers, and a late id meets an early number: nothing is missed',
  async play(stage) {
    const device = stage.device(1);
    const has = (id: string) => async () => (await stage.row(device, 'ledger', id)) !== undefined;
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = (name: string) => `${name}-${round}`;
      // The first to begin, and to write, is the last to commit.
      const first = stage.transaction(20 * SECOND, (client) => book(client, id('first')));
      await stage.pass(SECOND);
      const second = stage.transaction(10 * SECOND, (client) => book(client, id('second')));
      await stage.pass(SECOND);
      // Begins early, takes a number at once and its transaction id only when it writes, within a savepoint.
      const late = stage.transaction(0, async (client) => {
        await client.query('select count(*) from ledger');
        await new Promise<void>((done) => stage.world.timeline.after(5 * SECOND, done, 'late'));
        await client.query('savepoint inner_one');
        await book(client, id('late'));
        await client.query('release savepoint inner_one');
      });
      await stage.sql((client) => book(client, id('third')));
      await stage.until('the last to begin is read first', has(id('third')), MINUTE);
      stage.syncs(device);
      await stage.ask(late, MINUTE);
      await stage.until('the one with the late id', has(id('late')), MINUTE);
      await stage.ask(second, MINUTE);
      await stage.until('the second', has(id('second')), MINUTE);
      await stage.ask(first, MINUTE);
      await stage.until('the first', has(id('first')), MINUTE);
    }
    stage.figure('commits', 4 * ROUNDS);
  },
};
