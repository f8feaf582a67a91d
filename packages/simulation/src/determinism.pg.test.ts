import { afterAll, describe, expect, it } from 'vitest';
import { runSimulation, stopSimulations } from './simulate.ts';

afterAll(stopSimulations);

// Seed 3 parted from itself once in five runs on a loaded machine (docs/known-limits.md): it is among the long ones.
const SEEDS = Array.from({ length: process.env.SATCHEL_LONG !== undefined ? 10 : 2 }, (_, at) => at + 1);

describe('one seed', () => {
  it.each(SEEDS)('[SIM-DET-01] gives one trace: seed %i, twice', { timeout: 300_000 }, async (seed) => {
    const hashOf = async (): Promise<string[]> => {
      const trace: string[] = [];
      const { traceHash } = await runSimulation({
        seed,
        steps: 60,
        onTrace: (line) => trace.push(line),
      });
      return [...trace, traceHash];
    };
    const first = await hashOf();
    const second = await hashOf();
    const differs = first.findIndex((line, at) => line !== second[at]);
    // Where they part says more than that they do.
    expect([differs, first[differs], second[differs]]).toEqual([-1, undefined, undefined]);
    expect(second).toHaveLength(first.length);
  });

  it('[SIM-DET-02] gives another trace than its neighbour', { timeout: 300_000 }, async () => {
    const [one, other] = [
      await runSimulation({ seed: 1, steps: 5, faults: [] }),
      await runSimulation({ seed: 2, steps: 5, faults: [] }),
    ];
    expect(one.traceHash).not.toBe(other.traceHash);
  });
});
