import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitsBigint, normalizeDecimal, normalizeInteger } from './decimal.ts';

test.each([
  ['0', '0'],
  ['-0', '0'],
  ['-0.000', '0'],
  ['00012.500', '12.5'],
  ['+1.', '1'],
  ['.5', '0.5'],
  ['-.50', '-0.5'],
  ['1e3', '1000'],
  ['1.25E+1', '12.5'],
  ['-125e-4', '-0.0125'],
  ['0e99999', '0'],
  ['12345678901234567890.12345678901234567890', '12345678901234567890.1234567890123456789'],
])('[CORE-VALUE-05] %s is %s', (text, canonical) => {
  expect(normalizeDecimal(text)).toBe(canonical);
});

test.each([
  '',
  '.',
  '-',
  'e5',
  '1e',
  '1,5',
  ' 1',
  '1 ',
  '0x10',
  'NaN',
  '1e99999',
  '1e-99999',
  '1'.repeat(1001),
])('[CORE-VALUE-05] %j is no decimal', (text) => {
  expect(normalizeDecimal(text)).toBeUndefined();
});

test('[CORE-VALUE-05] one number has one text, and normalising again changes nothing', () => {
  const digits = fc.stringMatching(/^[0-9]{1,8}$/);
  fc.assert(
    fc.property(
      fc.boolean(),
      digits,
      digits,
      fc.integer({ min: -12, max: 12 }),
      (negative, whole, fraction, exponent) => {
        const text = normalizeDecimal(`${negative ? '-' : ''}${whole}.${fraction}e${exponent}`)!;
        expect(text).toMatch(/^(?:0|-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?)$/);
        expect(normalizeDecimal(text)).toBe(text);
        // The same number by whole-number arithmetic: all digits, scaled by 10^20.
        const exact =
          BigInt(whole + fraction) * 10n ** BigInt(20 - fraction.length + exponent) * (negative ? -1n : 1n);
        const [before, after = ''] = text.replace('-', '').split('.');
        const scaled = BigInt(before! + after.padEnd(20, '0')) * (text.startsWith('-') ? -1n : 1n);
        expect(scaled).toBe(exact);
      },
    ),
  );
});

test('[CORE-VALUE-05] whole numbers keep every digit', () => {
  expect(normalizeInteger('+009007199254740993')).toBe('9007199254740993');
  expect(normalizeInteger('-0')).toBe('0');
  expect(normalizeInteger('1.0')).toBeUndefined();
  expect(fitsBigint('9223372036854775807')).toBe(true);
  expect(fitsBigint('-9223372036854775808')).toBe(true);
  expect(fitsBigint('9223372036854775808')).toBe(false);
});
