import type { GoneLine, Outcome } from '@satchel/protocol';
import type { EngineContext } from '../engine-context.ts';

/*
 * Rows that this device deleted, as the answer to a push has confirmed. A page that was
 * read before the deletion and arrives after the answer would bring them back: it is
 * known by its older version. The memory of one goes when a page tells of the deletion.
 */

export const noteErased = ({ db }: EngineContext, table: string, key: string, version: number): void => {
  db.prepare(
    'insert into satchel_erased (tbl,key,version) values (?,?,?) on conflict(tbl,key) do update set version = excluded.version',
  ).run([table, key, version]);
};

/** Says of a key and the version of its row in a page whether the row was deleted after it. */
export const erasedAfter = (
  { db }: EngineContext,
  table: string,
): ((key: string, version: number) => boolean) => {
  const known = db.prepare('select key, version from satchel_erased where tbl = ?').all([table]);
  if (known.length === 0) return () => false;
  const versions = new Map(known.map((row) => [row.key as string, row.version as number]));
  return (key, version) => {
    const erased = versions.get(key);
    return erased !== undefined && version < erased;
  };
};

/** Whether any row of the table was deleted here and no page has told so. */
export const someErased = ({ db }: EngineContext, table: string): boolean =>
  db.prepare('select 1 as found from satchel_erased where tbl = ? limit 1').get([table]) !== undefined;

/** The page says that they are gone. */
export const forgetGone = (context: EngineContext, { table, keys, versions }: GoneLine): void => {
  if (!someErased(context, table)) return;
  const { db } = context;
  const forget = db.prepare('delete from satchel_erased where tbl = ? and key = ? and version <= ?');
  for (const [index, key] of keys.entries()) forget.run([table, key, versions[index] ?? 0]);
};

/** The page was read after what it tells the outcome of: so was every page that comes after it. */
export const forgetSettled = ({ db }: EngineContext, outcomes: readonly Outcome[]): void => {
  const forget = db.prepare('delete from satchel_erased where tbl = ? and key = ? and version <= ?');
  for (const { changes } of outcomes)
    for (const { table, key, version } of changes)
      if (version !== undefined) forget.run([table, key, version]);
};

/**
 * At the opening no page is on its way that was read before; unless some of it has been
 * staged.
 */
export const forgetFormer = ({ db }: EngineContext): void => {
  db.prepare('delete from satchel_erased where not exists (select 1 from satchel_stage)').run();
};

export const forgetAllErased = ({ db }: EngineContext): void => {
  db.prepare('delete from satchel_erased').run();
};
