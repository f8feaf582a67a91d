import { columnToSql } from '@satchel/core';
import type { SyncRun } from '../engine.ts';
import type { Satchel } from '../satchel.ts';
import type { Logger } from './hooks.ts';

/**
 * Writes the store forms' log lines for every run of the sync loop, when it has ended:
 * `Sync started: <device>`, `Pulling tables: [<tables>]`, `Received <n> changes`, or
 * `Sync failed: <code>`. No line holds a value of a row.
 *
 * @returns ends it
 */
export const logSyncs = (db: Satchel, logger: Logger): (() => void) => {
  let last: SyncRun | null | undefined;
  return db.onStatus(({ lastRun }) => {
    const isFirst = last === undefined;
    if (lastRun === last) return;
    last = lastRun;
    if (isFirst || lastRun === null) return;
    logger.info(`Sync started: ${db.clientId}`);
    const tables = db.sync.subscription()?.tables ?? Object.keys(db.app.tables);
    logger.debug(`Pulling tables: [${tables.map(columnToSql).join(', ')}]`);
    if (lastRun.problem === undefined) logger.info(`Received ${lastRun.rowsDown} changes`);
    else logger.error(`Sync failed: ${lastRun.problem.code}`);
  });
};
