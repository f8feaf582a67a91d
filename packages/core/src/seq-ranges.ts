/** A run of numbers, both ends included. */
export type Range = readonly [from: number, to: number];
/** Ascending, apart from each other by at least one missing number. */
export type Ranges = readonly Range[];

/** All numbers that are in either. Takes ranges in any order. */
export const mergeRanges = (a: Ranges, b: Ranges): Ranges => {
  const sorted = [...a, ...b].sort((x, y) => x[0] - y[0]);
  const merged: [number, number][] = [];
  for (const [from, to] of sorted) {
    if (from > to) continue;
    const last = merged.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
};

export const addSeq = (ranges: Ranges, seq: number): Ranges =>
  containsSeq(ranges, seq) ? ranges : mergeRanges(ranges, [[seq, seq]]);

export const containsSeq = (ranges: Ranges, seq: number): boolean =>
  ranges.some(([from, to]) => from <= seq && seq <= to);

/** The numbers of `ranges` that are not in `taken`. */
export const subtractRanges = (ranges: Ranges, taken: Ranges): Ranges => {
  let left: Range[] = [...mergeRanges(ranges, [])];
  for (const [from, to] of taken) {
    left = left.flatMap(([first, last]): Range[] =>
      to < first || from > last
        ? [[first, last]]
        : [[first, from - 1] as const, [to + 1, last] as const].filter(([low, high]) => low <= high),
    );
  }
  return left;
};

export const countSeqs = (ranges: Ranges): number =>
  ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
