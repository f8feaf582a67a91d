import { afterAll, describe, expect, it } from 'vitest';
import { stopSimulations } from '../simulate.ts';
import { runScenario } from './run-scenario.ts';
import { runnable } from './table.ts';

afterAll(stopSimulations);

describe('what hurt other systems', () => {
  for (const { place, scenario } of runnable())
    it(`[SIM-SCEN-01] ${place}: ${scenario.title}`, { timeout: 600_000 }, async () => {
      const { violations, healedWithin } = await runScenario(scenario);
      expect(violations).toEqual([]);
      expect(healedWithin).not.toBeNull();
    });
});
