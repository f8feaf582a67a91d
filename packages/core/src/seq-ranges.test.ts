import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addSeq, containsSeq, countSeqs, mergeRanges, type Ranges, subtractRanges } from './seq-ranges.ts';

const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 30 });
const rangesOf = (seqs: readonly number[]): Ranges =>
  seqs.reduce<Ranges>((ranges, seq) => addSeq(ranges, seq), []);
const seqsOf = (ranges: Ranges): number[] =>
  ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index));
const ascending = (seqs: Iterable<number>): number[] => [...seqs].sort((a, b) => a - b);

test('[CORE-SEQ-01] ranges hold exactly what was added, in as few as there can be', () => {
  fc.assert(
    fc.property(numbers, (seqs) => {
      const ranges = rangesOf(seqs);
      expect(seqsOf(ranges)).toEqual(ascending(seqs));
      for (let seq = 0; seq <= 42; seq++) expect(containsSeq(ranges, seq)).toBe(seqs.includes(seq));
      expect(countSeqs(ranges)).toBe(seqs.length);
      for (const [index, [from]] of ranges.entries()) {
        if (index > 0) expect(from).toBeGreaterThan(ranges[index - 1]![1] + 1);
      }
    }),
  );
});

test('[CORE-SEQ-02] merging is a union: in any order, any grouping, any number of times', () => {
  fc.assert(
    fc.property(numbers, numbers, numbers, (a, b, c) => {
      const [x, y, z] = [rangesOf(a), rangesOf(b), rangesOf(c)];
      expect(seqsOf(mergeRanges(x, y))).toEqual(ascending(new Set([...a, ...b])));
      expect(mergeRanges(x, y)).toEqual(mergeRanges(y, x));
      expect(mergeRanges(mergeRanges(x, y), z)).toEqual(mergeRanges(x, mergeRanges(y, z)));
      expect(mergeRanges(x, x)).toEqual(x);
    }),
  );
});

test('[CORE-SEQ-03] what is taken away is gone and the rest stays', () => {
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      const left = subtractRanges(rangesOf(a), rangesOf(b));
      expect(seqsOf(left)).toEqual(ascending(a.filter((seq) => !b.includes(seq))));
    }),
  );
});
