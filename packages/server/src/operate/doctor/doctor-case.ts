import type { Clock } from '@satchel/core';
import type { App } from '@satchel/schema';
import type { Database } from '../../postgres/database.ts';

/** What every check is given. */
export interface DoctorCase {
  readonly db: Database;
  readonly app: App;
  readonly clock: Clock;
  readonly deep: boolean;
  /** Seconds. */
  readonly oldTransaction: number;
  /** Empty before the first migration. */
  readonly tableIds: ReadonlyMap<string, number>;
}
