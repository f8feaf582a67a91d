/** A seed that found something in the engine, and what was wrong. */
export interface FoundSeed {
  readonly seed: number;
  readonly steps: number;
  readonly was: string;
  /** The rule beside the code that was mended. */
  readonly rule: string;
}

/** Seeds of the whole system that found a bug, kept since. */
export const FOUND_SEEDS: readonly FoundSeed[] = [
  {
    seed: 5,
    steps: 60,
    was: 'rows written on a device stayed there after the right to their scope was taken, when their outcome had been acknowledged with the pull that told of it',
    rule: 'PAGE-25',
  },
  {
    seed: 18,
    steps: 150,
    was: 'rows written on a device, whose scope it had lost since, came back for good when their mutations were offered to a restored server',
    rule: 'OUT-50',
  },
  {
    seed: 15,
    steps: 150,
    was: 'an insert that was given a new key, offered to a restored server, was merged into the row that has its old key: the offer did not say the new one',
    rule: 'PUSH-89',
  },
  {
    seed: 3,
    steps: 150,
    was: 'an insert that was given a new key lay under its old one as well when it was offered again: its values put back had the key that it was written with',
    rule: 'OUT-50',
  },
  {
    seed: 24,
    steps: 150,
    was: 'rows that the device had written stayed there after they were deleted, when the copy that left them out brought their outcome and nothing else changed after it; later, a row deleted and inserted as it was lost the time of its last change',
    rule: 'PAGE-25',
  },
  {
    seed: 36,
    steps: 150,
    was: 'increments of a counter were made twice when they were folded into an edit of another column that stood on an edit under way: what was seen of the counter was not noted',
    rule: 'OUT-12',
  },
  {
    seed: 53,
    steps: 150,
    was: 'what was settled was not offered to a restored server by a device whose clock had been turned ten years ahead since: it looked too old',
    rule: 'OUT-50',
  },
];
