import type { EngineContext } from '../engine-context.ts';

/*
 * Rows of which this device may lack columns that it may see by now: a page brought one
 * with them, and it was passed over because the one here was newer; or an answer told it
 * to somebody who saw less. Word of their versions alone is not believed: they are to
 * come whole once more.
 */

export const noteUnsure = ({ db }: EngineContext, table: string, key: string): void => {
  db.prepare('insert into satchel_unsure (tbl, key) values (?, ?) on conflict do nothing').run([table, key]);
};

/** Keys of the table's rows that are unsure. */
export const unsureKeys = ({ db }: EngineContext, table: string): ReadonlySet<string> =>
  new Set(
    db
      .prepare('select key from satchel_unsure where tbl = ?')
      .all([table])
      .map(({ key }) => key as string),
  );

/** These rows came whole. */
export const forgetUnsure = (
  { db }: EngineContext,
  table: string,
  unsure: ReadonlySet<string>,
  came: readonly string[],
): void => {
  if (unsure.size === 0) return;
  const forget = db.prepare('delete from satchel_unsure where tbl = ? and key = ?');
  for (const key of came) if (unsure.has(key)) forget.run([table, key]);
};
