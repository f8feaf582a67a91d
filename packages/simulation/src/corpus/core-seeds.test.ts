import { describe, expect, it } from 'vitest';
import { runCore } from '../core-runner/run-core.ts';
import { CORE_SEEDS } from './core-seeds.ts';

describe('seeds of the pure core that once failed', () => {
  for (const { seed, steps, was } of CORE_SEEDS) {
    it(`[SIM-CORPUS-01] seed ${seed}: ${was}`, () => {
      expect(runCore({ seed, steps }).violations).toEqual([]);
    });
  }
});
