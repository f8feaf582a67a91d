import { rowName } from '@satchel/core';
import type { Outcome } from '@satchel/protocol';
import { readRowState } from '../database/rows.ts';
import type { EngineContext } from '../engine-context.ts';

/*
 * Rows of settled work of which no page has said yet that a scope holds them. Kept in
 * memory since the opening, so that the outcomes of a long upload need not be read again
 * to find that all of its rows are held; where it is not known they are.
 */

/** All of what is settled has been told, and looked at. */
export const isAllTold = ({ db }: Pick<EngineContext, 'db'>): boolean =>
  db
    .prepare('select 1 as found from satchel_outbox where settled_at is not null and acked = 0 limit 1')
    .get() === undefined;

export const noteSettledRows = ({ now }: EngineContext, { changes }: Outcome): void => {
  if (now.unheld === null) return;
  for (const { table, key, newKey } of changes) now.unheld.add(rowName(table, newKey ?? key));
};

export const noteHeld = ({ now }: EngineContext, table: string, key: string): void => {
  if (now.unheld !== null && now.unheld.size > 0) now.unheld.delete(rowName(table, key));
};

/** Whether some of them may be without a hold; those that are not are forgotten. */
export const someMayBeUnheld = (context: EngineContext): boolean => {
  const { unheld } = context.now;
  if (unheld === null) return true;
  for (const name of unheld) {
    const at = name.indexOf('\u0000');
    const local = context.tables.get(name.slice(0, at));
    if (!local || (readRowState(context, local, name.slice(at + 1))?.hold ?? null) !== null)
      unheld.delete(name);
  }
  return unheld.size > 0;
};
