import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applySetDelta, setDelta, setMembers } from './set-merge.ts';

const set = fc
  .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 })
  .map((members) => members.sort());

test('[CORE-SET-01] the difference leads from the one to the other, and taking it twice changes nothing', () => {
  fc.assert(
    fc.property(set, set, (from, to) => {
      const delta = setDelta(from, to);
      expect(applySetDelta(from, delta)).toEqual(to);
      expect(applySetDelta(applySetDelta(from, delta), delta)).toEqual(to);
    }),
  );
});

test('[CORE-SET-01] two edits of one set meet in either order', () => {
  fc.assert(
    fc.property(set, set, set, (base, one, two) => {
      const [a, b] = [setDelta(base, one), setDelta(base, two)];
      const merged = applySetDelta(applySetDelta(base, a), b);
      expect(applySetDelta(applySetDelta(base, b), a)).toEqual(merged);
      for (const member of a.added) expect(merged).toContain(member);
      for (const member of a.removed) expect(merged).not.toContain(member);
    }),
  );
});

test('[CORE-SET-01] members are sorted by code unit, each once; null is empty', () => {
  expect(setMembers(['b', 'B', 'a', 'b'])).toEqual(['B', 'a', 'b']);
  expect(setMembers(null)).toEqual([]);
  expect(applySetDelta(null, setDelta(undefined, ['x']))).toEqual(['x']);
});
