import type { CheckerFactory } from '../checker.ts';
import { accounts } from './accounts.ts';
import { auditReplay } from './audit-replay.ts';
import { bounds } from './bounds.ts';
import { convergence } from './convergence.ts';
import { exactlyOnce } from './exactly-once.ts';
import { leaks } from './leaks.ts';
import { liveness, statusTruth } from './liveness.ts';
import { outcomes } from './outcomes.ts';
import { sessions } from './sessions.ts';

/** Everything that looks on while the whole system is simulated. */
export const CHECKERS: readonly CheckerFactory[] = [
  liveness,
  convergence,
  accounts,
  exactlyOnce,
  statusTruth,
  sessions,
  outcomes,
  leaks,
  auditReplay,
  bounds,
];
