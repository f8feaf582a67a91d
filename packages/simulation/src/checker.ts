import type { HistoryEvent } from './history.ts';

/** Something that must not be. */
export interface Violation {
  /** Id of the invariant, for example `I1`. */
  readonly invariant: string;
  /** What is wrong, with the keys and values that show it. */
  readonly message: string;
  readonly step: number;
  /** Number of the event that showed it. */
  readonly event: number;
}

export type Finding = Pick<Violation, 'invariant' | 'message'>;

/**
 * Looks on while a simulation runs. It hears every event in order; at the end the last
 * event is `quiesced`, with the final state of every device and of PostgreSQL. What it
 * returns becomes violations; an empty list when all is well. It is made anew for each
 * run and may keep state.
 */
export interface Checker {
  readonly name: string;
  hear(event: HistoryEvent): readonly Finding[];
  /** After each step of the plan, when all of the step's events were heard. Cheap checks only. */
  stepDone?(step: number): readonly Finding[];
}

export type CheckerFactory = () => Checker;
