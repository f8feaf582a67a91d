import type { Random } from '@satchel/core';

/**
 * A seeded source of random numbers for tests, the demo and the simulation: the same
 * seed gives the same numbers on every machine. sfc32 (C. Doty-Humphrey, PractRand),
 * 128 bits of state, seeded by splitmix32.
 */
export const seededRandom = (seed: number): Random => {
  let mix = seed >>> 0;
  const seedWord = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let [a, b, c, counter] = [seedWord(), seedWord(), seedWord() ^ Math.floor(seed / 2 ** 32), 1];
  const word = (): number => {
    const t = (((a + b) >>> 0) + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) >>> 0;
    c = ((c << 21) | (c >>> 11)) >>> 0;
    c = (c + t) >>> 0;
    return t;
  };
  for (let i = 0; i < 12; i++) word();
  return {
    next: () => (word() * 2 ** 21 + (word() >>> 11)) / 2 ** 53,
    bytes: (length) => Uint8Array.from({ length }, () => word() & 255),
  };
};
