import type { Fault } from './faults.ts';
import type { Draw } from './world/draw.ts';

/**
 * Faults that take long in real time: PostgreSQL is copied or started anew, a hundred
 * days go by. They are dealt once a seed, or twice where many steps are left.
 */
const COSTLY: ReadonlySet<Fault> = new Set(['F29', 'F30', 'F34', 'F41']);
/** Rounds of all others between two of a costly one. */
const COSTLY_EVERY = 4;

const shuffled = <T>(draw: Draw, from: readonly T[]): T[] => {
  const all = [...from];
  for (let at = all.length - 1; at > 0; at -= 1) {
    const other = draw.between(0, at);
    [all[at], all[other]] = [all[other] as T, all[at] as T];
  }
  return all;
};

/**
 * Deals so many faults, in the order in which they come. Every one comes up once before
 * any comes up again, so that none is left to luck: of `count` faults each is among them
 * at least `count / faults.length` times, rounded down, the costly ones fewer times.
 */
export const dealFaults = (draw: Draw, faults: readonly Fault[], count: number): readonly Fault[] => {
  if (faults.length === 0) return [];
  const cheap = faults.filter((fault) => !COSTLY.has(fault));
  const dealt: Fault[] = [];
  for (let round = 0; dealt.length < count; round += 1)
    dealt.push(...shuffled(draw, round % COSTLY_EVERY === 0 || cheap.length === 0 ? faults : cheap));
  return shuffled(draw, dealt.slice(0, count));
};

/** Which of `steps` steps are faults, and which fault each is. */
export const faultSteps = (
  draw: Draw,
  faults: readonly Fault[],
  steps: number,
  share: number,
): ReadonlyMap<number, Fault> => {
  const dealt = dealFaults(draw, faults, Math.round(steps * share));
  const places = shuffled(
    draw,
    Array.from({ length: steps }, (_, step) => step),
  ).slice(0, dealt.length);
  return new Map(places.map((step, at) => [step, dealt[at] as Fault]));
};
