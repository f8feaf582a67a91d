import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BatchOptions, findBlocked, type OutboxItem, orderOutbox, pickBatch, rowName } from './lanes.ts';
import type { OutboxState } from './outbox-state.ts';

const LANES = ['urgent', 'medium', 'low'];
const NOW = 1_000;

const item = (position: number, more: Partial<OutboxItem> = {}): OutboxItem => ({
  position,
  lane: 'medium',
  state: 'queued',
  nextAt: null,
  bytes: 10,
  touches: [],
  references: [],
  ...more,
});
const insert = (row: string) => ({ row, op: 'insert' as const });
const update = (row: string) => ({ row, op: 'update' as const });
const remove = (row: string) => ({ row, op: 'delete' as const });
const pick = (items: readonly OutboxItem[], more: Partial<BatchOptions> = {}): number[] =>
  pickBatch(items, { laneOrder: LANES, lanes: LANES, now: NOW, maxItems: 100, maxBytes: 1_000_000, ...more });

describe('order', () => {
  test('[CORE-LANE-01] urgent lanes first, then the order of writing', () => {
    const items = [item(1, { lane: 'low' }), item(2), item(3, { lane: 'urgent' }), item(4)];
    expect(pick(items)).toEqual([3, 2, 4, 1]);
    expect(pick([...items].reverse())).toEqual([3, 2, 4, 1]);
    expect(pick(items, { lanes: ['urgent'] })).toEqual([3]);
  });

  test('[CORE-LANE-01] a lane that the app no longer has goes with the last', () => {
    expect(pick([item(1, { lane: 'gone' }), item(2, { lane: 'low' }), item(3)])).toEqual([3, 1, 2]);
  });

  test('[CORE-LANE-02] changes of one row stay in order: the urgent one drags the earlier one', () => {
    const items = [
      item(1, { lane: 'low', touches: [insert('a')] }),
      item(2),
      item(3, { lane: 'urgent', touches: [update('a')] }),
    ];
    expect(pick(items)).toEqual([1, 3, 2]);
  });

  test('[CORE-LANE-03] the customer goes before the sale that refers to it', () => {
    const items = [
      item(1, { lane: 'low', touches: [insert('customer')] }),
      item(2, { lane: 'low', touches: [update('customer')] }),
      item(3, { lane: 'urgent', touches: [insert('sale')], references: ['customer'] }),
    ];
    expect(pick(items, { lanes: ['urgent'] })).toEqual([1, 3]);
  });

  test('[CORE-LANE-03] a row that was deleted and made again is there in its last form', () => {
    const items = [
      item(1, { lane: 'low', touches: [remove('customer')] }),
      item(2, { lane: 'low', touches: [insert('customer')] }),
      item(3, { lane: 'urgent', touches: [insert('sale')], references: ['customer'] }),
    ];
    expect(pick(items, { lanes: ['urgent'] })).toEqual([1, 2, 3]);
  });

  test('[CORE-LANE-04] deleting a parent drags the changes that let go of it, and those that took hold of it', () => {
    const items = [
      item(1, { lane: 'low', touches: [insert('child')], references: ['parent'] }),
      item(2, { lane: 'low', touches: [update('other')], references: ['parent', 'new parent'] }),
      item(3, { lane: 'low', touches: [remove('child')], references: ['parent'] }),
      item(4, { lane: 'low' }),
      item(5, { lane: 'urgent', touches: [remove('parent')] }),
    ];
    expect(pick(items)).toEqual([1, 2, 3, 5, 4]);
  });

  test('[CORE-LANE-05] the order of the whole outbox, whatever its states', () => {
    const items = [
      item(1, { lane: 'low', touches: [insert('a')], state: 'failed' }),
      item(2, { state: 'settled' }),
      item(3, { lane: 'urgent', touches: [update('a')], nextAt: NOW + 1 }),
    ];
    expect(orderOutbox(items, LANES)).toEqual([1, 3]);
  });
});

describe('what cannot go', () => {
  test.each<OutboxState>(['in-flight', 'blocked', 'failed'])(
    '[CORE-LANE-06] a mutation that is %s holds up what depends on it, directly or not, and nothing else',
    (state) => {
      const items = [
        item(1, { state, touches: [insert('customer')] }),
        item(2, { touches: [update('customer')] }),
        item(3, { touches: [insert('sale')], references: ['customer'] }),
        item(4, { touches: [update('sale')], lane: 'urgent' }),
        item(5, { touches: [update('else')] }),
      ];
      expect(pick(items)).toEqual([5]);
    },
  );

  test('[CORE-LANE-06] one that waits for its next try does so until then', () => {
    const items = [item(1, { nextAt: NOW + 1, touches: [update('a')] }), item(2, { touches: [update('a')] })];
    expect(pick(items)).toEqual([]);
    expect(pick(items, { now: NOW + 1 })).toEqual([1, 2]);
  });

  test.each<OutboxState>(['settled', 'quarantined'])(
    '[CORE-LANE-07] what is %s holds up nothing',
    (state) => {
      const items = [
        item(1, { state, touches: [insert('a')] }),
        item(2, { touches: [update('a')], references: ['a'] }),
      ];
      expect(pick(items)).toEqual([2]);
    },
  );

  test('[CORE-LANE-08] later edits of a row under review go and join it; what refers to its new row waits', () => {
    const items = [
      item(1, { state: 'review', touches: [insert('a')] }),
      item(2, { touches: [update('a')] }),
      item(3, { touches: [insert('b')], references: ['a'] }),
    ];
    expect(pick(items)).toEqual([2]);
  });

  test('[CORE-LANE-09] those behind a failed one are named with it', () => {
    const items = [
      item(1, { state: 'failed', touches: [insert('customer')] }),
      item(2, { touches: [insert('sale')], references: ['customer'] }),
      item(3, { state: 'blocked', touches: [update('sale')] }),
      item(4, { touches: [update('else')] }),
      item(5, { state: 'failed', touches: [update('sale')] }),
    ];
    expect([...findBlocked(items)]).toEqual([
      [2, 1],
      [3, 1],
    ]);
  });
});

describe('limits', () => {
  test('[CORE-LANE-10] a batch ends at its items and its bytes', () => {
    const items = [item(1), item(2), item(3)];
    expect(pick(items, { maxItems: 2 })).toEqual([1, 2]);
    expect(pick(items, { maxBytes: 25 })).toEqual([1, 2]);
    expect(pick(items, { maxBytes: 20 })).toEqual([1, 2]);
  });

  test('[CORE-LANE-10] a mutation larger than a batch goes alone', () => {
    expect(pick([item(1, { bytes: 5_000 }), item(2)], { maxBytes: 100 })).toEqual([1]);
    expect(pick([item(1), item(2, { bytes: 5_000 })], { maxBytes: 100 })).toEqual([1]);
  });

  test('[CORE-LANE-10] what an urgent one drags may take several batches, in order', () => {
    const items = [1, 2, 3, 4].map((position) =>
      item(position, { lane: position === 4 ? 'urgent' : 'low', touches: [update('a')] }),
    );
    expect(pick(items, { maxItems: 3 })).toEqual([1, 2, 3]);
  });

  test('[CORE-LANE-11] asked for earlier ones, they go in the order of writing up to there', () => {
    const items = [
      item(1, { lane: 'low' }),
      item(2, { lane: 'urgent' }),
      item(3, { state: 'failed' }),
      item(4, { lane: 'low' }),
      item(5),
    ];
    expect(pick(items, { upTo: 4, lanes: ['urgent'] })).toEqual([1, 2, 4]);
  });
});

test('[CORE-LANE-12] rows of different tables have different names', () => {
  expect(rowName('a', 'bc')).not.toBe(rowName('ab', 'c'));
});

const ROWS = ['a', 'b', 'c', 'd'];
const outbox: fc.Arbitrary<OutboxItem[]> = fc
  .array(
    fc.record({
      lane: fc.constantFrom(...LANES),
      state: fc.oneof(
        { weight: 6, arbitrary: fc.constant<OutboxState>('queued') },
        {
          weight: 1,
          arbitrary: fc.constantFrom<OutboxState>('in-flight', 'blocked', 'failed', 'settled', 'quarantined'),
        },
      ),
      nextAt: fc.constantFrom(null, null, null, NOW, NOW + 1),
      bytes: fc.integer({ min: 1, max: 40 }),
      touches: fc.uniqueArray(
        fc.record({
          row: fc.constantFrom(...ROWS),
          op: fc.constantFrom('insert' as const, 'update' as const, 'delete' as const),
        }),
        { maxLength: 2, selector: ({ row }) => row },
      ),
      references: fc.uniqueArray(fc.constantFrom(...ROWS), { maxLength: 2 }),
    }),
    { maxLength: 14 },
  )
  .map((items) => items.map((one, index) => ({ ...one, position: index + 1 })));

/** Rule 63 said again, pair by pair: must `earlier` be sent before `later`? */
const mustPrecede = (items: readonly OutboxItem[], earlier: OutboxItem, later: OutboxItem): boolean => {
  if (earlier.position >= later.position) return false;
  const sameRow = later.touches.some(({ row }) => earlier.touches.some((touch) => touch.row === row));
  const letsGo = later.touches.some(({ row, op }) => op === 'delete' && earlier.references.includes(row));
  const makes = later.references.some((row) =>
    items.some(
      (other) =>
        other === earlier &&
        earlier.touches.some((touch) => touch.row === row && touch.op === 'insert') &&
        !items.some(
          (between) =>
            between.position > earlier.position &&
            between.position < later.position &&
            isPending(between) &&
            between.touches.some((touch) => touch.row === row && touch.op === 'insert'),
        ),
    ),
  );
  return sameRow || letsGo || makes;
};
const isPending = ({ state }: OutboxItem): boolean => state !== 'settled' && state !== 'quarantined';
const isReady = ({ state, nextAt }: OutboxItem): boolean =>
  state === 'queued' && (nextAt === null || nextAt <= NOW);

describe('laws', () => {
  const options = fc.record({
    lanes: fc.subarray(LANES, { minLength: 1 }),
    maxItems: fc.integer({ min: 1, max: 16 }),
    maxBytes: fc.integer({ min: 1, max: 400 }),
  });

  test('[CORE-LAW-05] nothing goes before what it depends on', () => {
    fc.assert(
      fc.property(outbox, options, (items, limits) => {
        const picked = pick(items, limits);
        const byPosition = new Map(items.map((one) => [one.position, one]));
        expect(new Set(picked).size).toBe(picked.length);
        for (const [index, position] of picked.entries()) {
          const later = byPosition.get(position)!;
          expect(isReady(later)).toBe(true);
          for (const earlier of items) {
            if (!isPending(earlier) || !mustPrecede(items, earlier, later)) continue;
            expect(picked.slice(0, index)).toContain(earlier.position);
          }
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test('[CORE-LAW-06] everything goes that can: only what depends on a stuck one stays', () => {
    fc.assert(
      fc.property(outbox, (items) => {
        const picked = pick(items);
        const stuck = new Set<OutboxItem>();
        for (const one of items.filter(isPending)) {
          const behind = items.some((earlier) => stuck.has(earlier) && mustPrecede(items, earlier, one));
          if (!isReady(one) || behind) stuck.add(one);
        }
        const expected = items
          .filter((one) => isPending(one) && !stuck.has(one))
          .map(({ position }) => position);
        expect([...picked].sort((a, b) => a - b)).toEqual(expected);
      }),
      { numRuns: 3_000 },
    );
  });

  test('[CORE-LAW-07] batch after batch the outbox drains, in the order that one batch would have had', () => {
    fc.assert(
      fc.property(outbox, options, (items, { maxItems, maxBytes }) => {
        const whole = pick(items);
        let left: OutboxItem[] = items;
        const sent: number[] = [];
        for (;;) {
          const batch = pick(left, { maxItems, maxBytes });
          if (batch.length === 0) break;
          expect(batch.length).toBeLessThanOrEqual(maxItems);
          const bytes = items
            .filter(({ position }) => batch.includes(position))
            .reduce((sum, one) => sum + one.bytes, 0);
          expect(bytes <= maxBytes || batch.length === 1).toBe(true);
          sent.push(...batch);
          left = left.map((one) => (batch.includes(one.position) ? { ...one, state: 'settled' } : one));
        }
        expect([...sent].sort((a, b) => a - b)).toEqual([...whole].sort((a, b) => a - b));
      }),
      { numRuns: 1_000 },
    );
  });

  test('[CORE-LAW-08] of two that do not depend on others, the more urgent goes first', () => {
    fc.assert(
      fc.property(outbox, (items) => {
        const free = items.map((one) => ({
          ...one,
          touches: [],
          references: [],
          state: 'queued' as const,
          nextAt: null,
        }));
        const expected = [...free].sort(
          (a, b) => LANES.indexOf(a.lane) - LANES.indexOf(b.lane) || a.position - b.position,
        );
        expect(pick(free)).toEqual(expected.map(({ position }) => position));
      }),
    );
  });
});

test('[CORE-LANE-13] the time of 20,000 mutations is not that of their square', () => {
  const items = Array.from({ length: 20_000 }, (_, index) =>
    item(index, {
      touches: [update(`row ${index % 5_000}`)],
      references: [`parent ${index % 10}`],
      lane: LANES[index % 3]!,
    }),
  );
  const before = performance.now();
  expect(pick(items, { maxItems: 100 })).toHaveLength(100);
  expect(performance.now() - before).toBeLessThan(3_000);
});
