import { SatchelError } from '@satchel/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  covers,
  floorSnapshot,
  formatSnapshot,
  isVisible,
  packSnapshot,
  parseSnapshot,
  type Snapshot,
  unpackSnapshot,
} from './snapshot.ts';

const LAST = 24n;
const xids = Array.from({ length: Number(LAST) }, (_, index) => BigInt(index));
const snapshot: fc.Arbitrary<Snapshot> = fc
  .tuple(
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 20 }),
    fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
  )
  .map(([a, b, open]) => {
    const [xmin, xmax] = [Math.min(a, b), Math.max(a, b)];
    const xip = open.flatMap((isOpen, index) =>
      isOpen && index >= xmin && index < xmax ? [BigInt(index)] : [],
    );
    return { xmin: BigInt(xmin), xmax: BigInt(xmax), xip };
  });

test('[CORE-CURSOR-01] a snapshot goes to text and back, packed and not', () => {
  expect(parseSnapshot('769:773:769,771')).toEqual({ xmin: 769n, xmax: 773n, xip: [769n, 771n] });
  expect(parseSnapshot('773:773:')).toEqual({ xmin: 773n, xmax: 773n, xip: [] });
  expect(packSnapshot(parseSnapshot('769:773:769,771'))).toBe('769:4:0,2');
  fc.assert(
    fc.property(snapshot, (taken) => {
      expect(parseSnapshot(formatSnapshot(taken))).toEqual(taken);
      expect(unpackSnapshot(packSnapshot(taken))).toEqual(taken);
    }),
  );
});

test('[CORE-CURSOR-01] xids beyond 2^53 stay exact', () => {
  const text = '9007199254740993:9007199254740997:9007199254740995';
  expect(formatSnapshot(unpackSnapshot(packSnapshot(parseSnapshot(text))))).toBe(text);
});

test.each(['', '1:2', '0:2:', 'a:b:', '5:3:', '5:9:4', '5:9:9', '1:2:,', '-1:2:', '1:2:1,,1'])(
  '[CORE-CURSOR-01] %j is refused by code',
  (text) => {
    let caught: unknown;
    try {
      parseSnapshot(text);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(SatchelError);
    expect(caught).toMatchObject({ code: 'cursor_invalid' });
  },
);

test('[CORE-CURSOR-02] the delta predicate is the same set as what the snapshot does not see', () => {
  fc.assert(
    fc.property(snapshot, (taken) => {
      for (const xid of xids) {
        expect(!isVisible(taken, xid)).toBe(xid >= taken.xmax || taken.xip.includes(xid));
      }
    }),
  );
});

test('[CORE-CURSOR-03] a cursor is past the horizon exactly when the horizon sees what it does not', () => {
  fc.assert(
    fc.property(snapshot, snapshot, (cursor, horizon) => {
      const missing = xids.some((xid) => isVisible(horizon, xid) && !isVisible(cursor, xid));
      expect(covers(cursor, horizon)).toBe(!missing);
      if (cursor.xmin >= horizon.xmax) expect(covers(cursor, horizon)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test('[CORE-CURSOR-04] the form for standbys sees nothing that the snapshot does not', () => {
  fc.assert(
    fc.property(snapshot, (taken) => {
      for (const xid of xids)
        if (isVisible(floorSnapshot(taken), xid)) expect(isVisible(taken, xid)).toBe(true);
    }),
  );
  expect(formatSnapshot(floorSnapshot(parseSnapshot('769:773:769')))).toBe('769:769:');
});
