import { describe, expect, it } from 'vitest';
import { failureText, firstNewSeed } from './new-seeds.ts';

describe('new seeds', () => {
  it('[SIM-62] are others for each commit, the same for one, and never those of the fixed set', () => {
    const [one, other] = ['3566a0617b0e4d5c2f0a', 'ab373c3e17b0e4d5c2f0'];
    expect(firstNewSeed(one)).toBe(firstNewSeed(one));
    expect(firstNewSeed(one)).not.toBe(firstNewSeed(other));
    for (const commit of [one, other, '', 'no commit'])
      expect(firstNewSeed(commit)).toBeGreaterThanOrEqual(1_000_000);
  });

  it('[SIM-63] a failure prints its seed, the shortest trace and the command', () => {
    const text = failureText({
      seed: 7,
      violations: [{ invariant: 'I1', message: 'c0 shows nothing' }],
      trace: ['3 {"kind":"sync"} +0 ms'],
      rerun: '--seed 7 --steps 150 --only 3',
    });
    expect(text).toContain('Seed 7 breaks:\n  I1: c0 shows nothing');
    expect(text).toContain('3 {"kind":"sync"} +0 ms');
    expect(text).toContain('npx satchel simulate --seed 7 --steps 150 --only 3');
  });
});
