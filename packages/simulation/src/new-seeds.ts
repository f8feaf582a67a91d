/** Seeds below are those that people name; the fixed set is among them. */
const FIRST = 1_000_000;
const WIDE = 1_000_000_000;

/**
 * The first of the new seeds of a commit: another for each, the same for one, so that
 * what was found by them can be run again.
 *
 * @example
 * firstNewSeed('0000000a') // 1000010
 */
export const firstNewSeed = (commit: string): number => {
  const number = Number.parseInt(commit.slice(0, 12), 16);
  return FIRST + (Number.isNaN(number) ? 0 : number % WIDE);
};

/** A failure in words: its seed, the shortest trace found and how to run it again. */
export const failureText = (failure: {
  readonly seed: number;
  readonly violations: readonly { readonly invariant: string; readonly message: string }[];
  readonly trace: readonly string[];
  readonly rerun: string;
}): string =>
  [
    `Seed ${failure.seed} breaks:`,
    ...failure.violations.slice(0, 5).map(({ invariant, message }) => `  ${invariant}: ${message}`),
    `The shortest trace found, ${failure.trace.length} lines:`,
    ...failure.trace.map((line) => `  ${line}`),
    `Run it again: npx satchel simulate ${failure.rerun}`,
    '',
  ].join('\n');
