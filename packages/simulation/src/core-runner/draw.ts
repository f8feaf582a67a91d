import type { Random } from '@satchel/core';
import { invariant } from '@satchel/protocol';
import { seededRandom } from '@satchel/testing/random';

/** Draws of one seed. */
export interface Draw {
  readonly random: Random;
  /** A whole number from 0 to below `count`. */
  below(count: number): number;
  chance(likelihood: number): boolean;
  pick<T>(from: readonly T[]): T;
}

export const drawFrom = (seed: number): Draw => {
  const random = seededRandom(seed);
  const below = (count: number): number => Math.floor(random.next() * count);
  return {
    random,
    below,
    chance: (likelihood) => random.next() < likelihood,
    pick: <T>(from: readonly T[]): T => {
      const found = from[below(from.length)];
      invariant(found !== undefined, 'nothing to pick from');
      return found;
    },
  };
};
