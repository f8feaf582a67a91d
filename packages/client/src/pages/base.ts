import type { Values } from '@satchel/protocol';
import type { EngineContext } from '../engine-context.ts';

/**
 * The server-confirmed side of a row with pending changes. A row has one exactly while
 * it has pending changes and the server is known to have, or to have had, the row.
 */
export interface Base {
  readonly version: number;
  /** As in the row's hidden column; the row on screen may be gone by a pending delete. */
  readonly hold: number | null;
  /** `null`: the server does not have it any more, or it is out of sight. */
  readonly row: Values | null;
  /** Why `row` is null. */
  readonly gone: 'deleted' | 'left' | null;
}

export const readBase = ({ db }: EngineContext, table: string, key: string): Base | undefined => {
  const found = db
    .prepare('select version,hold,row,gone from satchel_base where tbl = ? and key = ?')
    .get([table, key]);
  if (!found) return undefined;
  return {
    version: found.version as number,
    hold: found.hold as number | null,
    row: typeof found.row === 'string' ? (JSON.parse(found.row) as Values) : null,
    gone: found.gone as Base['gone'],
  };
};

export const writeBase = ({ db }: EngineContext, table: string, key: string, base: Base): void => {
  db.prepare(
    'insert into satchel_base (tbl,key,version,hold,row,gone) values (?,?,?,?,?,?) on conflict(tbl,key) do update ' +
      'set version = excluded.version, hold = excluded.hold, row = excluded.row, gone = excluded.gone',
  ).run([
    table,
    key,
    base.version,
    base.hold,
    base.row === null ? null : JSON.stringify(base.row),
    base.gone,
  ]);
};

export const deleteBase = ({ db }: EngineContext, table: string, key: string): void => {
  db.prepare('delete from satchel_base where tbl = ? and key = ?').run([table, key]);
};

/**
 * Keeps the confirmed rows that the changes after `mark` are the first to touch. The
 * hidden version says that the server has the row; a row with a base keeps it.
 */
export const keepBases = ({ db }: EngineContext, mark: number): void => {
  db.prepare(
    'insert into satchel_base (tbl,key,version,hold,row,gone) ' +
      'select c.tbl,c.key,c.version,c.hold,c.old,null from satchel_changes c ' +
      "where c.change_id > ? and c.op <> 'insert' and c.version is not null and c.confirmed is null " +
      'and not exists (select 1 from satchel_base b where b.tbl = c.tbl and b.key = c.key)',
  ).run([mark]);
};
