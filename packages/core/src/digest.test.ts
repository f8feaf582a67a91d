import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestText, newDigest, quickLine } from './digest.ts';

const sha = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 32);

test('[CORE-DIGEST-01] a digest is the first half of the SHA-256', () => {
  expect(digestText('abc')).toBe('ba7816bf8f01cfea414140de5dae2223');
});

test('[CORE-DIGEST-01] lines are hashed in their order, each ended by a line feed', () => {
  const lines = fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }), { maxLength: 30 });
  fc.assert(
    fc.property(lines, (texts) => {
      const digest = newDigest();
      for (const text of texts) digest.add(text);
      expect(digest.lines).toBe(texts.length);
      expect(digest.done()).toBe(sha(texts.map((text) => `${text}\n`).join('')));
    }),
  );
});

test('[CORE-DIGEST-01] more than a chunk comes out the same', () => {
  const digest = newDigest();
  const texts = Array.from({ length: 5_000 }, (_, index) => `row ${index} – € 𝄞 ${'x'.repeat(index % 90)}`);
  for (const text of texts) digest.add(text);
  expect(digest.done()).toBe(sha(texts.map((text) => `${text}\n`).join('')));
});

test('[CORE-DIGEST-02] a quick line tells every key and version apart', () => {
  expect(quickLine('a1', 12)).toBe('"a1":12');
  expect(quickLine('a":1', 2)).not.toBe(quickLine('a', 12));
});
