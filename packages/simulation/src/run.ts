import type { CheckerFactory, Violation } from './checker.ts';
import type { Fault } from './faults.ts';
import type { HistoryEvent } from './history.ts';
import type { Plan } from './plan.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** Steps of the plan that the seed draws. Default 150. */
  readonly steps?: number;
  /** Faults that may come up in the plan. Default: those of the seed's families, `faultsOfSeed`. An empty list: none. */
  readonly faults?: readonly Fault[];
  /** This plan instead of the seed's own: a scenario, or a shrunk one. */
  readonly plan?: Plan;
  /** Who looks on. Default none. */
  readonly checkers?: readonly CheckerFactory[];
  /** Hears each event as it happens. */
  readonly onEvent?: (event: HistoryEvent) => void;
  /** Hears each line of the trace that is hashed: two runs that differ, differ there first. */
  readonly onTrace?: (line: string) => void;
  /** Ends the run at the first violation. Default true. */
  readonly stopAtViolation?: boolean;
}

export interface SimulationResult {
  readonly seed: number;
  readonly steps: number;
  /** SHA-256 over the trace: the same for a seed every time and on every machine. */
  readonly traceHash: string;
  /** Virtual time that passed, summed over devices in `deviceMs`. */
  readonly virtualMs: number;
  readonly deviceMs: number;
  readonly realMs: number;
  readonly statements: number;
  readonly requests: number;
  readonly faultsFired: Readonly<Record<Fault, number>>;
  readonly history: readonly HistoryEvent[];
  readonly violations: readonly Violation[];
  readonly plan: Plan;
  /** Virtual milliseconds from the last fault's end until every device was at rest; `null`: never. */
  readonly healedWithin: number | null;
}
