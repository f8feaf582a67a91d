import type { Random } from '@satchel/core';
import { seededRandom } from '@satchel/testing/random';

/** Draws from one seed; each actor has a source of its own, so that one does not shift the others. */
export class Draw {
  readonly random: Random;

  constructor(seed: number, name = '') {
    this.random = seededRandom(seedOf(seed, name));
  }

  chance(share: number): boolean {
    return this.random.next() < share;
  }

  /** A whole number, both ends included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.random.next() * (to - from + 1));
  }

  pick<T>(from: readonly T[]): T {
    const one = from[Math.floor(this.random.next() * from.length)];
    if (one === undefined) throw new Error('nothing to pick from');
    return one;
  }

  /** One of several by weight. */
  weighted<T>(from: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.random.next() * from.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of from) {
      left -= weight;
      if (left < 0) return value;
    }
    return (from.at(-1) as readonly [number, T])[1];
  }
}

/** FNV-1a over the name, mixed into the seed. */
const seedOf = (seed: number, name: string): number => {
  let hash = 0x811c9dc5 ^ (seed >>> 0);
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return ((hash >>> 0) + seed * 2_654_435_761) % Number.MAX_SAFE_INTEGER;
};
