import { afterAll, describe, expect, it } from 'vitest';
import { CHECKERS } from '../checkers/all-checkers.ts';
import { runSimulation, stopSimulations } from '../simulate.ts';
import { FOUND_SEEDS } from './found-seeds.ts';

afterAll(stopSimulations);

describe('seeds that once found a bug', () => {
  for (const { seed, steps, was, rule } of FOUND_SEEDS) {
    it(`[SIM-CORPUS-01] seed ${seed} of ${steps} steps, ${rule}: ${was}`, { timeout: 300_000 }, async () => {
      const { violations } = await runSimulation({ seed, steps, checkers: CHECKERS });
      expect(violations).toEqual([]);
    });
  }
});
