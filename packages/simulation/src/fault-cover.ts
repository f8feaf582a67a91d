import { FAMILIES, type Family, type Fault, faultsOf } from './faults.ts';

/** Families that a seed leaves out: with all at once, some hide what others would show. */
const LEFT_OUT = 3;

/**
 * The ways to choose three of ten in a circle, up to turning: those left out are the
 * first and these two further on. Turned ten times, and all taken, they are all 120
 * triples.
 */
const STEPS: readonly (readonly [number, number])[] = [
  [1, 2],
  [1, 3],
  [1, 4],
  [1, 5],
  [1, 6],
  [1, 7],
  [1, 8],
  [2, 4],
  [2, 5],
  [2, 6],
  [2, 7],
  [3, 6],
];

/**
 * The families of faults of a seed, a covering array: within ten seeds from 1, 11, 21 on
 * each family is there seven times, each pair at least four times together, and each
 * is there without the other.
 */
export const familiesOfSeed = (seed: number): readonly Family[] => {
  const at = Math.max(0, seed - 1);
  const turn = at % FAMILIES.length;
  const [second, third] = STEPS[Math.floor(at / FAMILIES.length) % STEPS.length] as readonly [number, number];
  const out = [0, second, third].map((step) => (turn + step) % FAMILIES.length);
  return FAMILIES.filter((_, index) => !out.includes(index));
};

/** Families that each seed has. */
export const FAMILIES_OF_A_SEED = FAMILIES.length - LEFT_OUT;

/** The faults that a seed may meet when none are named. */
export const faultsOfSeed = (seed: number): readonly Fault[] => familiesOfSeed(seed).flatMap(faultsOf);

/** Which pairs of families met in one run, as `client+network`. */
export const pairsMet = (families: Iterable<Family>): readonly string[] => {
  const met = new Set(families);
  const there = FAMILIES.filter((family) => met.has(family));
  return there.flatMap((one, at) => there.slice(at + 1).map((other) => `${one}+${other}`));
};
