import type { Value } from '@satchel/protocol';

const amount = (value: Value | undefined): number => (typeof value === 'number' ? value : 0);

/** The increment that leads from one value to the other; null counts as 0. */
export const counterDelta = (from: Value | undefined, to: Value | undefined): number =>
  amount(to) - amount(from);

/** The counter after an increment; `undefined` when it would leave 2^53-1 either way. */
export const applyDelta = (value: Value | undefined, delta: number): number | undefined => {
  const sum = amount(value) + delta;
  return Number.isSafeInteger(sum) && Number.isSafeInteger(delta) ? sum : undefined;
};
