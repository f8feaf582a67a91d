import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyDelta, counterDelta } from './counter.ts';

const amount = fc.integer({ min: -1_000, max: 1_000 });

test('[CORE-COUNTER-01] increments add up in any order and grouping', () => {
  fc.assert(
    fc.property(amount, fc.array(amount, { maxLength: 6 }), (start, deltas) => {
      const add = (order: readonly number[]): number | undefined =>
        order.reduce<number | undefined>((value, delta) => applyDelta(value, delta), start);
      const sum = start + deltas.reduce((a, b) => a + b, 0);
      expect(add(deltas)).toBe(sum);
      expect(add([...deltas].reverse())).toBe(sum);
    }),
  );
});

test('[CORE-COUNTER-01] the increment leads from the one to the other; null is 0', () => {
  fc.assert(
    fc.property(amount, amount, (from, to) => {
      expect(applyDelta(from, counterDelta(from, to))).toBe(to);
    }),
  );
  expect(counterDelta(null, 5)).toBe(5);
  expect(counterDelta(5, null)).toBe(-5);
  expect(applyDelta(null, 2)).toBe(2);
});

test('[CORE-COUNTER-02] a sum beyond 2^53-1 either way is not made', () => {
  expect(applyDelta(Number.MAX_SAFE_INTEGER, 1)).toBeUndefined();
  expect(applyDelta(-Number.MAX_SAFE_INTEGER, -1)).toBeUndefined();
  expect(applyDelta(-Number.MAX_SAFE_INTEGER, 2 * Number.MAX_SAFE_INTEGER)).toBeUndefined();
  expect(applyDelta(Number.MAX_SAFE_INTEGER - 1, 1)).toBe(Number.MAX_SAFE_INTEGER);
});
