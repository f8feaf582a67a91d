import type { Submitted } from './submitted.ts';

/**
 * Mutations in the order in which they were made: run by run as they first come (a
 * client sends earlier runs first), each by its seq.
 */
export const inRunOrder = (submitted: readonly Submitted[]): readonly Submitted[] => {
  const places = new Map<string, number>();
  for (const { runId } of submitted) if (!places.has(runId)) places.set(runId, places.size);
  const placeOf = ({ runId }: Submitted): number => places.get(runId) ?? 0;
  const isInOrder = submitted.every((one, at) => {
    const before = submitted[at - 1];
    return before === undefined || (before.runId === one.runId && before.mutation.seq <= one.mutation.seq);
  });
  if (isInOrder) return submitted;
  return submitted.toSorted((a, b) => placeOf(a) - placeOf(b) || a.mutation.seq - b.mutation.seq);
};
