import type { HistoryEvent } from '../history.ts';
import type { Plan } from '../plan.ts';
import type { Stage } from './stage.ts';

/** What there is at the beginning; what is left out is as in most scenarios. */
export interface Setting {
  /** Devices, each with a user of its own. Default 3. */
  readonly clients?: number;
  readonly servers?: number;
  readonly serverVersion?: Plan['serverVersion'];
  readonly clientVersions?: Plan['clientVersions'];
}

/** The state of all at rest. */
export type AtRest = Extract<HistoryEvent, { readonly kind: 'quiesced' }>;

/**
 * Something that hurt another system, as a named run: a script over a world, watched by
 * every checker, with an expectation of its own. It is the same run every time.
 */
export interface Scenario {
  /** Says what happens; also the name of its file. */
  readonly name: string;
  readonly title: string;
  readonly setting?: Setting;
  /** What is done, and what must be seen meanwhile. */
  play(stage: Stage): Promise<void>;
  /** What must be true once every fault is healed and all is at rest. */
  atRest?(stage: Stage, end: AtRest): Promise<void> | void;
}
