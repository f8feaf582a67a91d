/** A seed that once found something, and what was wrong. */
export interface CorpusSeed {
  readonly seed: number;
  readonly steps: number;
  readonly was: string;
}

/**
 * Seeds of the pure core that failed while it was built. The engine's bug among them has
 * a test of its own beside the code that was mended.
 */
export const CORE_SEEDS: readonly CorpusSeed[] = [
  {
    seed: 9_609,
    steps: 60,
    was: 'an edit folded over what a refusal had taken from the screen: a counter showed -3 after 1 was written, and writing a refused value again was no edit (client/outbox/coalesce)',
  },
  { seed: 40, steps: 60, was: 'a held mutation ended by a page brought back a row that had left' },
  { seed: 14, steps: 60, was: 'a row made and deleted in one transaction left no tombstone' },
  { seed: 118, steps: 60, was: 'an edit of a renamed row was answered under its old key, another row’s' },
  { seed: 1_509, steps: 60, was: 'a mutation of a former run was asked for earlier ones for ever' },
  { seed: 5_919, steps: 60, was: 'a key given anew twice was renamed once' },
  { seed: 2_738, steps: 40, was: 'the oracle took a row under its new key for the one that has the old' },
];
