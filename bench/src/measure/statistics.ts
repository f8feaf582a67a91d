/** The middle of some numbers; of an even count the lower one, which was measured. */
export const median = (numbers: readonly number[]): number => percentile(numbers, 0.5);

/** The value below which the share `at` (0 to 1) of the numbers lies. */
export const percentile = (numbers: readonly number[], at: number): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const place = Math.max(0, Math.ceil(sorted.length * at) - 1);
  return sorted[place] ?? Number.NaN;
};

/** Milliseconds by the clock that all processes of the machine share. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Runs it and says how long it took, in milliseconds. */
export const timed = async (work: () => unknown): Promise<number> => {
  const start = nowMs();
  await work();
  return nowMs() - start;
};
