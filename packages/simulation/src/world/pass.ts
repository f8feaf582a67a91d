import type { World } from './world.ts';

const MINUTE = 60_000;
/** A wait longer than this goes by in leaps. */
const LEAP_FROM = 2 * MINUTE;

/** Lets time pass; a long one in leaps. */
export const pass = async (world: World, ms: number): Promise<void> => {
  if (ms <= LEAP_FROM) await world.timeline.advance(ms);
  else await world.timeline.leap(ms, Math.min(12, Math.ceil(ms / LEAP_FROM)), 700);
};
