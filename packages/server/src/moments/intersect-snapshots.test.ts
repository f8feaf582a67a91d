import { isVisible, type Snapshot } from '@satchel/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { intersectSnapshots } from './intersect-snapshots.ts';

const XIDS = 24;

/** A snapshot as PostgreSQL would give it: `xmin` is the oldest in progress, or `xmax`. */
const snapshots: fc.Arbitrary<Snapshot> = fc
  .tuple(
    fc.integer({ min: 0, max: XIDS }),
    fc.uniqueArray(fc.integer({ min: 0, max: XIDS - 1 }), { maxLength: 6 }),
  )
  .map(([top, running]) => {
    const xip = running
      .filter((xid) => xid < top)
      .sort((a, b) => a - b)
      .map(BigInt);
    return { xmin: xip[0] ?? BigInt(top), xmax: BigInt(top), xip };
  });

it('[MOM-06] what a cursor keeps when it is taken back is what both snapshots see, to the transaction', () => {
  fc.assert(
    fc.property(snapshots, snapshots, (a, b) => {
      const both = intersectSnapshots(a, b);
      for (let xid = 0n; xid < XIDS + 1; xid += 1n) {
        expect(isVisible(both, xid)).toBe(isVisible(a, xid) && isVisible(b, xid));
      }
      expect(both.xmin <= both.xmax).toBe(true);
    }),
  );
});
