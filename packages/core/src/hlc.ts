import { invariant } from '@satchel/protocol';

/**
 * A hybrid logical clock stamp. It follows the device's clock where that is honest and
 * never falls behind what the device has seen, so that effects sort after causes.
 */
export interface Hlc {
  /** UTC milliseconds. */
  readonly millis: number;
  /** Tells apart stamps of one millisecond, 0 to 65,535. */
  readonly counter: number;
  /** Who made it; breaks ties. The client id, or `server`. */
  readonly nodeId: string;
}

export const MAX_COUNTER = 65_535;

const FORM = /^(\d{1,16}):(\d{1,5}):([0-9a-zA-Z_-]{1,64})$/;

/** @example hlcToText({ millis: 1700000000000, counter: 2, nodeId: 'phone' }) // '1700000000000:2:phone' */
export const hlcToText = (hlc: Hlc): string => `${hlc.millis}:${hlc.counter}:${hlc.nodeId}`;

/**
 * The stamp that a text of the wire's form says. Numbers beyond what a stamp can hold
 * count as the largest: such a stamp is clamped before it decides anything.
 */
export const hlcFromText = (text: string): Hlc => {
  const match = FORM.exec(text);
  invariant(match, `not an Hlc: ${text}`);
  return {
    millis: Math.min(Number.MAX_SAFE_INTEGER, Number(match[1])),
    counter: Math.min(MAX_COUNTER, Number(match[2])),
    nodeId: match[3]!,
  };
};

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Below zero when `a` is earlier. Zero only for the same stamp. */
export const compareHlc = (a: Hlc, b: Hlc): number =>
  a.millis - b.millis || a.counter - b.counter || compareText(a.nodeId, b.nodeId);

const after = (millis: number, counter: number, nodeId: string): Hlc =>
  counter < MAX_COUNTER
    ? { millis, counter: counter + 1, nodeId }
    : { millis: millis + 1, counter: 0, nodeId };

/**
 * The stamp of something new: later than every stamp before it, whatever the clock
 * does. Keep the result: the next one starts from it, after a restart too.
 *
 * @param now UTC milliseconds of this machine.
 */
export const tick = (state: Hlc, now: number, nodeId: string): Hlc =>
  now > state.millis
    ? { millis: Math.floor(now), counter: 0, nodeId }
    : after(state.millis, state.counter, nodeId);

/**
 * Takes in a stamp of somebody else, so that the next one made here is later than it.
 * A stamp more than `tolerance` milliseconds ahead of this clock is not let in: one
 * clock of 2035 would otherwise move all the others there.
 */
export const receive = (
  state: Hlc,
  remote: Hlc,
  now: number,
  tolerance: number,
): { readonly state: Hlc; readonly accepted: boolean } => {
  if (remote.millis > now + tolerance) return { state, accepted: false };
  const { nodeId } = state;
  const millis = Math.max(state.millis, remote.millis);
  if (now > millis) return { state: { millis: Math.floor(now), counter: 0, nodeId }, accepted: true };
  const counter = Math.max(
    state.millis === millis ? state.counter : 0,
    remote.millis === millis ? remote.counter : 0,
  );
  return { state: after(millis, counter, nodeId), accepted: true };
};
