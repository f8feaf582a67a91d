import { afterAll, describe, expect, it } from 'vitest';
import { stopSimulations } from '../simulate.ts';
import { runScenario } from './run-scenario.ts';
import { runnable } from './table.ts';

afterAll(stopSimulations);

/** Minutes of real time each: among the long runs. */
const LONG_ONES = ['ninety-days-offline', 'backup-restored-with-work-waiting', 'cloned-devices'];
const isRun = (name: string): boolean => process.env.SATCHEL_LONG !== undefined || !LONG_ONES.includes(name);

describe('what hurt other systems', () => {
  for (const { place, scenario } of runnable().filter((one) => isRun(one.scenario.name)))
    it(`[SIM-SCEN-01] ${place}: ${scenario.title}`, { timeout: 600_000 }, async () => {
      const { violations, healedWithin } = await runScenario(scenario);
      expect(violations).toEqual([]);
      expect(healedWithin).not.toBeNull();
    });

  it.each(['right-taken-with-work-waiting', 'filter-is-no-oracle', 'commits-in-reverse-order'])(
    '[SIM-SCEN-05] is the same run every time: %s',
    { timeout: 120_000 },
    async (name) => {
      const found = runnable().find(({ scenario }) => scenario.name === name);
      if (!found) throw new Error(`there is no scenario ${name}`);
      const traceOf = async (): Promise<string[]> => {
        const trace: string[] = [];
        const { traceHash } = await runScenario(found.scenario, (line) => trace.push(line));
        return [...trace, traceHash];
      };
      const first = await traceOf();
      const second = await traceOf();
      const differs = first.findIndex((line, at) => line !== second[at]);
      // Where they part says more than that they do.
      expect([differs, first[differs], second[differs]]).toEqual([-1, undefined, undefined]);
      expect(second).toHaveLength(first.length);
    },
  );

  it('[SIM-SCEN-04] what is not as it must be ends a scenario, with what was found', {
    timeout: 120_000,
  }, async () => {
    let wentOn = false;
    const { violations } = await runScenario({
      name: 'broken',
      title: 'something that is not so',
      play: async (stage) => {
        stage.mustBe((await stage.rows(stage.device(1), 'products')).length === 0, 'there is no product');
        wentOn = true;
      },
    });
    expect(violations).toMatchObject([{ invariant: 'scenario', message: 'there is no product' }]);
    expect(wentOn).toBe(false);
  });
});
