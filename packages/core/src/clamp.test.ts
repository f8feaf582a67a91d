import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clampHlc } from './clamp.ts';
import { compareHlc, type Hlc } from './hlc.ts';

const at = (millis: number): Hlc => ({ millis, counter: 3, nodeId: 'phone' });

test('[CORE-CLOCK-01] a stamp between the base and receipt is believed', () => {
  expect(clampHlc(at(500), 100, 1000, 50)).toEqual(at(500));
  expect(clampHlc(at(100), 100, 1000, 50)).toEqual(at(100));
  expect(clampHlc(at(1000), 100, 1000, 50)).toEqual(at(1000));
});

test('[CORE-CLOCK-02] a stamp that is out by less than the tolerance counts as the end it passed', () => {
  expect(clampHlc(at(1050), 100, 1000, 50)).toEqual({ millis: 1000, counter: 0, nodeId: 'phone' });
  expect(clampHlc(at(50), 100, 1000, 50)).toEqual({ millis: 100, counter: 0, nodeId: 'phone' });
});

test.each([
  ['2035', 2_051_222_400_000],
  ['1970', 0],
])('[CORE-CLOCK-03] a clock of %s counts as the end that loses', (_, millis) => {
  const [lower, upper] = [1_700_000_000_000, 1_700_000_100_000];
  expect(clampHlc(at(millis), lower, upper, 60_000, 'lower').millis).toBe(lower);
  expect(clampHlc(at(millis), lower, upper, 60_000, 'upper').millis).toBe(upper);
});

test('[CORE-CLOCK-04] no stamp leaves the range, and clamping again changes nothing', () => {
  const number = fc.integer({ min: 0, max: 2_000 });
  fc.assert(
    fc.property(
      number,
      number,
      number,
      number,
      fc.constantFrom('lower', 'upper'),
      (millis, a, b, tolerance, outside) => {
        const [lower, upper] = [Math.min(a, b), Math.max(a, b)];
        const clamped = clampHlc(at(millis), lower, upper, tolerance, outside);
        expect(clamped.millis).toBeGreaterThanOrEqual(lower);
        expect(clamped.millis).toBeLessThanOrEqual(upper);
        expect(clampHlc(clamped, lower, upper, tolerance, outside)).toEqual(clamped);
      },
    ),
  );
});

test('[CORE-CLOCK-03] a clock that is far out never beats an honest edit of the same time', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 1, max: 1e12 }), (honest, error) => {
      const [lower, upper, tolerance] = [0, 1000, 60];
      const far = at(upper + tolerance + error);
      expect(compareHlc(clampHlc(far, lower, upper, tolerance, 'lower'), at(honest))).toBeLessThan(0);
      expect(compareHlc(clampHlc(far, lower, upper, tolerance, 'upper'), at(honest))).toBeGreaterThan(0);
    }),
  );
});
