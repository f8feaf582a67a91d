import { quoteIdentifier } from '@satchel/core';
import type { EngineContext } from '../engine-context.ts';
import { expectedTriggers } from './capture.ts';
import type { LocalTable } from './local-table.ts';

/**
 * Takes the triggers off tables for a part of a transaction in which capture is silent
 * anyway, and many rows are laid down. That they are there costs two fifths of a row:
 * their frames, and a statement journal, because a function of theirs might fail.
 *
 * They go and come back within the one transaction, so that nobody ever finds a table
 * without. Returns what puts them back, in their order of making.
 */
export const liftTriggers = ({ app, db }: EngineContext, tables: readonly LocalTable[]): (() => void) => {
  const lifted = tables.flatMap((local) => expectedTriggers(app, local));
  for (const { name } of lifted) db.exec(`drop trigger ${quoteIdentifier(name)}`);
  return () => {
    for (const { sql } of lifted) db.exec(sql);
  };
};
