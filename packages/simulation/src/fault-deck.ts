import type { Fault } from './faults.ts';
import type { Draw } from './world/draw.ts';

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
 * at least `count / faults.length` times, rounded down.
 */
export const dealFaults = (draw: Draw, faults: readonly Fault[], count: number): readonly Fault[] => {
  if (faults.length === 0) return [];
  const dealt: Fault[] = [];
  while (dealt.length < count) dealt.push(...shuffled(draw, faults));
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
