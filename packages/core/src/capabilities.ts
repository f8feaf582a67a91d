/**
 * What the pure core and the engines are given from outside, so that a test or the
 * simulation can hold it still: time, randomness and waiting.
 */

/** UTC milliseconds of this machine. May jump, either way. */
export interface Clock {
  now(): number;
}

/** Uniform random numbers. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  bytes(length: number): Uint8Array;
}

/** A wait that can be called off. */
export interface Timer {
  cancel(): void;
}

/** Waiting; `delay` in milliseconds. Timers never keep a process alive by themselves. */
export interface Scheduler {
  after(delay: number, run: () => void): Timer;
}
