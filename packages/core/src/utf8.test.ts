import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitsUtf8, isStorableText, utf8Bytes, utf8Length } from './utf8.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 40 });
/** Code units at random, so lone surrogates too. */
const codeUnits = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
  .map((units) => String.fromCharCode(...units));

test('[CORE-VALUE-03] text is encoded as every other encoder does', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, codeUnits), (text) => {
      const expected = new TextEncoder().encode(text);
      expect([...utf8Bytes(text)]).toEqual([...expected]);
      expect(utf8Length(text)).toBe(expected.length);
    }),
  );
});

test('[CORE-VALUE-03] a text fits its limit exactly when its bytes do', () => {
  fc.assert(
    fc.property(codeUnits, fc.integer({ min: 0, max: 70 }), (text, limit) => {
      expect(fitsUtf8(text, limit)).toBe(new TextEncoder().encode(text).length <= limit);
    }),
  );
});

test('[CORE-VALUE-03] only NUL and lone surrogates cannot be stored', () => {
  fc.assert(
    fc.property(codeUnits, (text) => {
      const survives = new TextDecoder().decode(new TextEncoder().encode(text)) === text;
      // A leading byte order mark is dropped by the decoder, not by the rule.
      fc.pre(!text.startsWith('\ufeff'));
      expect(isStorableText(text)).toBe(survives && !text.includes('\0'));
    }),
  );
});
