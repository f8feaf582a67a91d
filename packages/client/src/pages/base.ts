import type { Values } from '@satchel/protocol';
import type { EngineContext } from '../engine-context.ts';
import type { ChangeRange } from '../outbox/pending.ts';

/**
 * The server-confirmed side of a row with pending changes. A row has one exactly while
 * it has pending changes and the server is known to have, or to have had, the row.
 *
 * The first update of a confirmed row is its own base: the image before it is the
 * confirmed row. It is written down (`keepBases`) before that change goes, and as soon
 * as it is another one: most updates go up and are settled before either happens.
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

/** A change, `c`, that holds the base of its row as long as none is written down. */
export const HOLDS_BASE = "c.op <> 'insert' and c.version is not null and c.confirmed is null";

export const readBase = ({ db }: EngineContext, table: string, key: string): Base | undefined => {
  const found =
    db
      .prepare('select version,hold,row,gone from satchel_base where tbl = ? and key = ?')
      .get([table, key]) ??
    db
      .prepare(
        'select c.version,c.hold,c.old as row,null as gone from satchel_changes c ' +
          `where c.tbl = ? and c.key = ? and ${HOLDS_BASE} order by c.change_id limit 1`,
      )
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

/** Writes down the bases that only changes hold: of a range of changes, or all. */
export const keepBases = (
  { db }: Pick<EngineContext, 'db'>,
  { first, last }: ChangeRange = { first: Number.MIN_SAFE_INTEGER, last: Number.MAX_SAFE_INTEGER },
): void => {
  db.prepare(`${KEEP} from satchel_changes c where c.change_id between ? and ? and ${UNKEPT}`).run([
    first,
    last,
  ]);
};

/** The same for rows that the changes after `mark` deleted: where the row was, nothing but its base is left. */
export const keepBasesOfDeleted = ({ db }: EngineContext, mark: number): void => {
  db.prepare(
    `${KEEP} from satchel_changes d join satchel_changes c on c.tbl = d.tbl and c.key = d.key ` +
      `where d.change_id > ? and d.op = 'delete' and ${UNKEPT}`,
  ).run([mark]);
};

const KEEP =
  'insert into satchel_base (tbl,key,version,hold,row,gone) select c.tbl,c.key,c.version,c.hold,c.old,null';
const UNKEPT = `${HOLDS_BASE} and not exists (select 1 from satchel_base b where b.tbl = c.tbl and b.key = c.key)`;
