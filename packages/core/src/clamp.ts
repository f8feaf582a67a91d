import type { Hlc } from './hlc.ts';

/** The server's own times between which an edit must have been made (rule 65). */
export interface ClockBounds {
  /** Server time of the version that the edit was based on, UTC milliseconds; 0 when unknown. */
  readonly lower: number;
  /** Server time of receipt, UTC milliseconds. */
  readonly upper: number;
  /** Tolerated difference of clocks in milliseconds. */
  readonly tolerance: number;
}

/**
 * A stamp as far as the server can believe it. A clock that is out by more than the
 * tolerance gains nothing: its stamp counts as `outside`, the end of the range that
 * loses (`lower` under latest-wins, `upper` under earliest-wins). One that is out by
 * less counts as the end that it passed.
 */
export const clampHlc = (
  hlc: Hlc,
  lowerMillis: number,
  upperMillis: number,
  tolerance: number,
  outside: 'lower' | 'upper' = 'lower',
): Hlc => {
  const upper = Math.max(lowerMillis, upperMillis);
  const { millis, nodeId } = hlc;
  if (millis >= lowerMillis && millis <= upper) return hlc;
  if (millis > upper + tolerance || millis < lowerMillis - tolerance) {
    return { millis: outside === 'lower' ? lowerMillis : upper, counter: 0, nodeId };
  }
  return { millis: millis > upper ? upper : lowerMillis, counter: 0, nodeId };
};
