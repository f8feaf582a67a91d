import type { Subscription } from '@satchel/protocol';
import type { Scenario } from './scenario.ts';
import { MINUTE } from './stage.ts';

const GUESSES: readonly Subscription[] = [
  { filters: { farms: [{ column: 'secret', op: '=', value: 'hidden-truth' }] } },
  { filters: { farms: [{ column: 'secret', op: '>=', value: 'h' }] } },
  { filters: { farms: [{ column: 'secret', op: 'is-null' }] } },
  { filters: { farms: [{ column: 'secret', op: 'in', value: ['hidden-truth', 'other'] }] } },
];

/** A clerk asks for the farms whose secret is this or that; only a boss may read it. */
export const filterIsNoOracle: Scenario = {
  name: 'filter-is-no-oracle',
  title: 'a filter of the client’s own tells nothing of columns that he may not read',
  async play(stage) {
    const clerk = stage.device(2);
    await stage.sql((client) => client.query(`update farms set secret = 'hidden-truth' where region = 'r1'`));
    await stage.pass(MINUTE);
    for (const guess of GUESSES) {
      const mark = stage.mark;
      stage.app(clerk).sync.subscribe(guess);
      stage.syncs(clerk);
      await stage.pass(MINUTE);
      const { problem } = await stage.app(clerk).status();
      stage.mustBe(problem?.code === 'filter_invalid', `it is refused, not ${problem?.code}`);
      const rows = stage
        .pagesTo(clerk, mark)
        .filter((text) => text.includes('"t":"rows"') || text.includes('"rows"'));
      stage.mustBe(!rows.some((text) => text.includes('hidden-truth')), 'and tells nothing');
    }
    stage.app(clerk).sync.subscribe(undefined);
    stage.syncs(clerk);
    await stage.until(
      'without it all is well',
      async () => (await stage.app(clerk).status()).problem === null,
    );
    stage.figure('guesses', GUESSES.length);
  },
};
