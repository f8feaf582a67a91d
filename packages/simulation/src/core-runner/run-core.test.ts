import { describe, expect, it } from 'vitest';
import { CORE_FAULTS, runCore } from './run-core.ts';

const isLong = process.env.SATCHEL_LONG !== undefined;
/** A few seconds here; minutes under SATCHEL_LONG. */
const SEEDS = isLong ? 60_000 : 1_500;

describe('the pure core from a seed', () => {
  it(`[SIM-CORE-01] holds every invariant for ${SEEDS} seeds, and every fault fires`, {
    timeout: 900_000,
  }, () => {
    const fired = new Map<string, number>();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violations, faults } = runCore({ seed });
      expect(violations, `seed ${seed}`).toEqual([]);
      for (const fault of CORE_FAULTS) fired.set(fault, (fired.get(fault) ?? 0) + faults[fault]);
    }
    expect(CORE_FAULTS.filter((fault) => !fired.get(fault))).toEqual([]);
  });

  it('[SIM-CORE-02] one seed gives one trace', () => {
    for (const seed of [1, 8, 77, 123_456]) {
      const [one, other] = [runCore({ seed, keepTrace: true }), runCore({ seed, keepTrace: true })];
      expect(other.trace).toEqual(one.trace);
      expect(other.traceHash).toBe(one.traceHash);
    }
    expect(runCore({ seed: 1 }).traceHash).not.toBe(runCore({ seed: 2 }).traceHash);
  });
});
