import type { Clock } from '@satchel/core';
import type { App } from '@satchel/schema';
import type { Database } from '../postgres/database.ts';
import { readTableIds } from '../postgres/table-ids.ts';
import { checkBooks } from './doctor/check-books.ts';
import { checkCaptured } from './doctor/check-captured.ts';
import { checkPostgres } from './doctor/check-postgres.ts';
import { checkTables } from './doctor/check-tables.ts';
import { checkTransactions } from './doctor/check-transactions.ts';
import type { DoctorCase } from './doctor/doctor-case.ts';
import { byGravity, type Finding } from './finding.ts';

export interface DoctorOptions {
  readonly clock: Clock;
  /** Also derives every entry from its row, which reads all synced rows. Default false. */
  readonly deep?: boolean;
  /** Seconds after which an open transaction is named. Default 300. */
  readonly oldTransaction?: number;
}

const CHECKS: readonly (readonly [string, (at: DoctorCase) => Promise<readonly Finding[]>])[] = [
  ['PostgreSQL', checkPostgres],
  ['transactions', checkTransactions],
  ['tables', checkTables],
  ['capture', checkCaptured],
  ['books', checkBooks],
];

/**
 * Examines a database for what would lose, miss or leak changes, or will hurt soon.
 * Writes nothing. A check that cannot be made is a finding itself. The gravest first.
 *
 * @example
 * ```ts
 * for (const { severity, where, what, remedy } of await doctor(db, app, { clock: systemClock }))
 *   console.log(`${severity}: ${where}: ${what} ${remedy}`);
 * ```
 */
export const doctor = async (db: Database, app: App, options: DoctorOptions): Promise<readonly Finding[]> => {
  const at: DoctorCase = {
    db,
    app,
    clock: options.clock,
    deep: options.deep ?? false,
    oldTransaction: options.oldTransaction ?? 300,
    tableIds: await readTableIds(db),
  };
  const findings: Finding[] = [];
  for (const [name, check] of CHECKS) {
    try {
      findings.push(...(await check(at)));
    } catch (error) {
      findings.push({
        code: 'check-failed',
        severity: 'error',
        where: name,
        what: `The check could not be made: ${error instanceof Error ? error.message : String(error)}`,
        remedy: 'Mend this first; the check may find more.',
      });
    }
  }
  return findings.sort(byGravity);
};
