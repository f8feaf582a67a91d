import type { Clock, Random, Scheduler, Timer } from '@satchel/core';
import { Draw } from './draw.ts';

interface Due {
  at: number;
  readonly tie: number;
  readonly label: string;
  readonly run: () => unknown;
  dead: boolean;
}

/** Turns of the event loop in which promise chains end; streams of the HTTP layer need the most. */
const TURNS = 6;

/** Lets every promise that can settle do so. */
export const settle = (): Promise<void> =>
  new Promise((done) => {
    let left = TURNS;
    const turn = (): void => {
      left -= 1;
      if (left === 0) done();
      else setImmediate(turn);
    };
    setImmediate(turn);
  });

/** Events at one moment after which time is said to stand still: something asks again at once, for ever. */
const MOST_AT_ONCE = 50_000;
const HOUR = 3_600_000;
/**
 * Events within an hour after which somebody is said to ask without end, a moment after each
 * answer. A seed of 500 steps has 53,000 in all; a device that asked so had two million an hour.
 */
const MOST_AN_HOUR = 300_000;

/**
 * The one line of time of a simulation, and its scheduler: everything that happens is an
 * event on it, one at a time. What is due at the same moment runs in the order that the
 * seed draws, for each kind of event from a source of its own.
 */
export class Timeline implements Clock, Scheduler {
  #now: number;
  readonly #seed: number;
  readonly #ties = new Map<string, Random>();
  readonly #ran: (label: string, at: number) => void;
  /** A binary heap, the next one first. */
  readonly #heap: Due[] = [];
  #atOnce = 0;
  #hour = 0;
  #inHour = 0;
  events = 0;

  constructor(start: number, seed: number, ran: (label: string, at: number) => void) {
    this.#now = start;
    this.#seed = seed;
    this.#ran = ran;
  }

  now(): number {
    return this.#now;
  }

  after(delay: number, run: () => unknown, label = 'timer'): Timer {
    // A timer that comes round is never due at the same moment again: time would stand still.
    const at = this.#now + Math.max(0, Math.ceil(Number.isFinite(delay) ? delay : 1e12));
    const due: Due = { at, tie: this.#tieOf(label), label, run, dead: false };
    this.#push(due);
    return {
      cancel: () => {
        due.dead = true;
      },
    };
  }

  #tieOf(label: string): number {
    const known = this.#ties.get(label) ?? new Draw(this.#seed, `time ${label}`).random;
    this.#ties.set(label, known);
    return known.next();
  }

  /** When the next event is due. */
  get nextAt(): number | null {
    while (this.#heap[0]?.dead) this.#pop();
    return this.#heap[0]?.at ?? null;
  }

  /** Runs the next event, if it is due by `until`; false when there is none. */
  async step(until: number): Promise<boolean> {
    const next = this.nextAt;
    if (next === null || next > until) return false;
    const due = this.#pop() as Due;
    this.#atOnce = due.at > this.#now ? 0 : this.#atOnce + 1;
    this.#now = Math.max(this.#now, due.at);
    this.events += 1;
    if (this.#atOnce > MOST_AT_ONCE) throw new Error(`time stands still at ${due.label}`);
    this.#countInHour(due.label);
    this.#ran(due.label, this.#now);
    await due.run();
    await settle();
    return true;
  }

  #countInHour(label: string): void {
    const hour = Math.floor(this.#now / HOUR);
    if (hour !== this.#hour) this.#inHour = 0;
    this.#hour = hour;
    this.#inHour += 1;
    if (this.#inHour > MOST_AN_HOUR) throw new Error(`somebody asks without end: ${label}`);
  }

  /** Lets time pass. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    while (await this.step(end));
    this.#now = Math.max(this.#now, end);
  }

  /**
   * Lets a long time pass as for machines that slept: it goes by in leaps, and a timer
   * that comes round rings once a leap.
   */
  async leap(ms: number, leaps: number, breath: number): Promise<void> {
    for (let at = 0; at < leaps; at += 1) {
      this.#now += Math.floor(ms / leaps);
      await this.advance(breath);
    }
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(heap[parent] as Due, due)) break;
      heap[at] = heap[parent] as Due;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): Due | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && before(right, heap[child] as Due)) child += 1;
      if (before(last, heap[child] as Due)) break;
      heap[at] = heap[child] as Due;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

const before = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.tie < b.tie);
