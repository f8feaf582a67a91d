import { describe, expect, it } from 'vitest';
import { FAMILIES_OF_A_SEED, familiesOfSeed, faultsOfSeed, pairsMet } from './fault-cover.ts';
import { FAMILIES, FAULT_NAMES, type Fault, familyOf, familyPairs } from './faults.ts';
import { planOf, STEPS_OF_A_SEED } from './plan.ts';

/** The fixed set of the whole system. */
const FIXED = Array.from({ length: 200 }, (_, index) => index + 1);

const planned = (seed: number): readonly Fault[] =>
  planOf(seed, STEPS_OF_A_SEED).steps.flatMap(({ action }) =>
    action.kind === 'fault' ? [action.fault] : [],
  );

describe('the faults of the fixed set', () => {
  it('[SIM-10] every ten seeds have each family seven times, each pair together, and each without the other', () => {
    for (let first = 1; first <= 200; first += 10) {
      const ten = FIXED.slice(first - 1, first + 9).map(familiesOfSeed);
      for (const families of ten) expect(families).toHaveLength(FAMILIES_OF_A_SEED);
      for (const family of FAMILIES)
        expect(ten.filter((families) => families.includes(family))).toHaveLength(7);
      for (const [one, other] of familyPairs()) {
        const both = ten.filter((families) => families.includes(one) && families.includes(other));
        expect(both.length, `${one} and ${other}`).toBeGreaterThanOrEqual(4);
        const alone = ten.filter((families) => families.includes(one) && !families.includes(other));
        expect(alone.length, `${one} without ${other}`).toBeGreaterThanOrEqual(1);
      }
    }
    const ways = new Set(Array.from({ length: 120 }, (_, at) => familiesOfSeed(at + 1).join()));
    expect(ways.size).toBe(120);
  });

  it('[SIM-11] every fault is planned far more often than it must happen', () => {
    const counts = new Map(FAULT_NAMES.map((fault) => [fault, 0]));
    for (const seed of FIXED)
      for (const fault of planned(seed)) counts.set(fault, (counts.get(fault) ?? 0) + 1);
    for (const [fault, count] of counts) expect(count, fault).toBeGreaterThanOrEqual(160);
  });

  it('[SIM-11] a seed leaves none of its own faults to luck, and meets no others', () => {
    for (const seed of FIXED) {
      const faults = planned(seed);
      expect(new Set(faults)).toEqual(new Set(faultsOfSeed(seed)));
    }
  });

  it('[SIM-12] pairs are counted of what happened', () => {
    expect(pairsMet(['network'])).toEqual([]);
    expect(pairsMet(['data', 'network', 'data', 'clock'])).toEqual([
      'network+clock',
      'network+data',
      'clock+data',
    ]);
    const all = new Set(FIXED.flatMap((seed) => pairsMet(planned(seed).map(familyOf))));
    expect(all.size).toBe(familyPairs().length);
  });
});
