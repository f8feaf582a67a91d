import type { Driver } from '../database/driver.ts';

/**
 * What was on its way when the database was last closed, or when there was no room to put
 * its answer away, is sent again. Only while nothing is on its way.
 */
export const returnLeft = (db: Driver): void => {
  db.prepare("update satchel_outbox set state = 'queued', batch_id = null where state = 'in-flight'").run();
};
