/** One word for where a client stands; the first that is true (rule 21). */
export const PHASES = [
  'needs-auth',
  'error',
  'conflict',
  'paused',
  'offline',
  'syncing',
  'pending',
  'unknown',
  'synced',
] as const;
export type Phase = (typeof PHASES)[number];

/** What work that is not moving waits for. */
export const WAITING_FOR = ['wifi', 'schedule', 'budget', 'busy', 'review', 'leader'] as const;
export type WaitingFor = (typeof WAITING_FOR)[number];

export interface PhaseFacts {
  /** There is no valid token. */
  readonly needsAuth: boolean;
  /** The last run ended in an error that is neither a lack of network nor of a token. */
  readonly lastRunFailed: boolean;
  /** Mutations that are past their last attempt. */
  readonly failed: number;
  /** Conflicts that wait for this user. */
  readonly openConflicts: number;
  /** Sync was stopped by hand. */
  readonly paused: boolean;
  readonly offline: boolean;
  /** A run is under way. */
  readonly syncing: boolean;
  /** Mutations that are not settled. */
  readonly pending: number;
  /** Every scope is at a checkpoint. */
  readonly complete: boolean;
  /** The server answered at least once since this client was opened. */
  readonly contacted: boolean;
  /** What holds the pending work back, all that is true. */
  readonly waitingFor: readonly WaitingFor[];
}

export interface PhaseAnswer {
  readonly phase: Phase;
  /** Only with `pending`: the first in the order of `WAITING_FOR` that holds it back. */
  readonly waitingFor?: WaitingFor;
}

/** `synced` is said only of a client that heard from the server and holds all it may. */
export const phaseOf = (facts: PhaseFacts): PhaseAnswer => {
  if (facts.needsAuth) return { phase: 'needs-auth' };
  if (facts.lastRunFailed || facts.failed > 0) return { phase: 'error' };
  if (facts.openConflicts > 0) return { phase: 'conflict' };
  if (facts.paused) return { phase: 'paused' };
  if (facts.offline) return { phase: 'offline' };
  if (facts.syncing) return { phase: 'syncing' };
  if (facts.pending > 0 || (facts.contacted && !facts.complete)) {
    const waitingFor = WAITING_FOR.find((reason) => facts.waitingFor.includes(reason));
    return waitingFor === undefined ? { phase: 'pending' } : { phase: 'pending', waitingFor };
  }
  return { phase: facts.contacted ? 'synced' : 'unknown' };
};
