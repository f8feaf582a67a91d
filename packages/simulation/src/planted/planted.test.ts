import { describe, expect, it } from 'vitest';
import { readPlantedBugs, withBug } from './planted-bug.ts';
import { huntPlantedBugs, medianSeeds } from './run-planted.ts';

const isLong = process.env.SATCHEL_LONG !== undefined;
/** Found within a few seeds: they show that planting works and that the oracle has teeth. */
const SAMPLE = [
  'hlc-trusts-any-clock',
  'cursor-by-sequence',
  'lane-breaks-a-reference',
  'flag-cleared-on-send',
  'last-write-wins',
  'counter-overwritten',
  'dedupe-forgets-the-end',
  'synced-with-work-waiting',
];

describe('planted bugs', () => {
  it('[SIM-PLANTED-01] there are at least 50, and each still finds its place in the sources', () => {
    const bugs = readPlantedBugs();
    expect(bugs.length).toBeGreaterThanOrEqual(50);
    for (const bug of bugs) {
      expect(withBug(bug), bug.name).not.toBe('');
      expect(bug.what.length, bug.name).toBeGreaterThan(10);
    }
  });

  it(`[SIM-PLANTED-02] ${isLong ? 'every one' : 'a sample'} of those in the core is caught`, {
    timeout: 3_600_000,
  }, async () => {
    const core = readPlantedBugs().flatMap(({ name, runner }) => (runner === 'core' ? [name] : []));
    const hunted = await huntPlantedBugs(isLong ? { only: core } : { only: SAMPLE, coreSeeds: 300 });
    expect(hunted.filter(({ seeds }) => seeds === null).map(({ bug }) => bug.name)).toEqual([]);
    expect(hunted).toHaveLength(isLong ? core.length : SAMPLE.length);
    expect(medianSeeds(hunted)).toBeLessThan(500);
  });
});
