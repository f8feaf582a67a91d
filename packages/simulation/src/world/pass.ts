import type { World } from './world.ts';

const MINUTE = 60_000;
/** A wait longer than this goes by in leaps. */
const LEAP_FROM = MINUTE / 2;
/** The second leap meets what the first left behind; a fourth met nothing new, at 300 statements each. */
const MOST_LEAPS = 3;
/** Virtual milliseconds that go by as ever after each leap. */
const BREATH = 700;

/** Lets time pass; a long one in leaps. */
export const pass = async (world: World, ms: number): Promise<void> => {
  if (ms <= LEAP_FROM) await world.timeline.advance(ms);
  else await world.timeline.leap(ms, Math.min(MOST_LEAPS, Math.ceil(ms / MINUTE)), BREATH);
};
