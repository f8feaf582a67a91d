import type { DatabaseProblem } from '../postgres/capabilities.ts';

/**
 * - `error`: data can be lost, missed or leaked, or the server cannot run.
 * - `warning`: it works, and will hurt.
 * - `note`: good to know.
 */
export type Severity = 'error' | 'warning' | 'note';

/** Something that the doctor found. */
export interface Finding {
  /** Stable, for machines. */
  readonly code: FindingCode;
  readonly severity: Severity;
  /** The table, column, setting or process. */
  readonly where: string;
  readonly what: string;
  readonly remedy: string;
}

export type FindingCode =
  | 'postgres-too-old'
  | DatabaseProblem['kind']
  | 'clock-differs'
  | 'transaction-old'
  | 'prepared-transaction'
  | 'slot-holds-back'
  | 'wraparound-near'
  | 'database-size'
  | 'migrations-pending'
  | 'migrations-unfit'
  | 'schema-differs'
  | 'table-missing'
  | 'right-missing'
  | 'rows-hidden'
  | 'column-finer'
  | 'via-unsafe'
  | 'capture-differs'
  | 'write-ungoverned'
  | 'entries-differ'
  | 'run-orphaned'
  | 'held-overdue'
  | 'applied-failing'
  | 'check-failed';

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

/** The gravest first, then by code and place. */
export const byGravity = (a: Finding, b: Finding): number =>
  RANK[a.severity] - RANK[b.severity] || (a.code + a.where < b.code + b.where ? -1 : 1);
