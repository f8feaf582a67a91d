import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDate, MAX_TIMESTAMP, MIN_TIMESTAMP } from './calendar.ts';

test('[CORE-VALUE-06] the range of times is the years 0001 to 9999', () => {
  expect(new Date(MIN_TIMESTAMP).toISOString()).toBe('0001-01-01T00:00:00.000Z');
  expect(new Date(MAX_TIMESTAMP).toISOString()).toBe('9999-12-31T23:59:59.999Z');
});

test('[CORE-VALUE-06] a date is one that the calendar has', () => {
  const part = (max: number, width: number): fc.Arbitrary<string> =>
    fc.integer({ min: 0, max }).map((number) => String(number).padStart(width, '0'));
  fc.assert(
    fc.property(part(9999, 4), part(14, 2), part(33, 2), (year, month, day) => {
      const text = `${year}-${month}-${day}`;
      const time = Date.parse(`${text}T00:00:00Z`);
      const exists = !Number.isNaN(time) && new Date(time).toISOString().startsWith(text) && year !== '0000';
      expect(isDate(text)).toBe(exists);
    }),
    { numRuns: 2_000 },
  );
});

test.each(['2024-02-29', '2000-02-29', '0001-01-01', '9999-12-31'])(
  '[CORE-VALUE-06] %s is a date',
  (text) => {
    expect(isDate(text)).toBe(true);
  },
);

test.each(['2023-02-29', '1900-02-29', '0000-01-01', '10000-01-01', '2024-1-1', '2024-01-01T00:00', ''])(
  '[CORE-VALUE-06] %j is not',
  (text) => {
    expect(isDate(text)).toBe(false);
  },
);
