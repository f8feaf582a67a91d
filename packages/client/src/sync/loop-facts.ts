import type { Problem } from '@satchel/protocol';
import type { SyncRun } from '../engine.ts';
import type { Wait } from './gates.ts';

/** What the sync loop knows, for the status. */
export interface LoopFacts {
  readonly running: boolean;
  readonly paused: boolean;
  readonly online: boolean;
  readonly networkKind: string;
  readonly live: boolean;
  readonly uploading: boolean;
  readonly downloading: boolean;
  readonly contact: boolean;
  readonly needsAuth: string | null;
  readonly revoked: boolean;
  readonly problem: Problem | null;
  /** Runs that failed since the last one that did not. */
  readonly failures: number;
  readonly wait: Wait | null;
  /** Lanes that the person holds back on this network until a run is asked for. */
  readonly heldLanes: readonly string[];
  readonly nextRunAt: number | null;
  readonly lastRun: SyncRun | null;
  readonly rowsRemaining: number | null;
  readonly rowsTaken: number;
  readonly latencyMs: number | null;
  readonly clockOffset: number | null;
}
