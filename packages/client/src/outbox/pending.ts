import { rowName } from '@satchel/core';
import type { Op, Seen, Values } from '@satchel/protocol';
import type { SqlRow } from '../database/driver.ts';
import type { EngineContext } from '../engine-context.ts';

/**
 * A change of an unsettled mutation, as capture left it: whole images of the row before
 * and after. Which columns the user changed is what differs between the two.
 *
 * Changes of one mutation have ids without a foreign one in between, in the order of
 * the local transaction; ids of earlier mutations are lower.
 */
export interface PendingChange {
  readonly changeId: number;
  readonly table: string;
  readonly op: Op;
  readonly key: string;
  readonly new: Values | null;
  readonly old: Values | null;
  /** Confirmed version of the row when it was written; null if the server did not have it. */
  readonly version: number | null;
  readonly hold: number | null;
  /** The server-confirmed row at that time, where `old` had pending values in it. */
  readonly confirmed: Values | null;
  readonly seen: Readonly<Record<string, Seen>> | null;
  readonly after: string | null;
}

export const CHANGE_COLUMNS = 'change_id,tbl,op,key,new,old,version,hold,confirmed,seen,after';

const parsed = <T>(text: unknown): T | null => (typeof text === 'string' ? (JSON.parse(text) as T) : null);

export const pendingFromRow = (row: SqlRow): PendingChange => ({
  changeId: row.change_id as number,
  table: row.tbl as string,
  op: row.op as Op,
  key: row.key as string,
  new: parsed<Values>(row.new),
  old: parsed<Values>(row.old),
  version: row.version as number | null,
  hold: row.hold as number | null,
  confirmed: parsed<Values>(row.confirmed),
  seen: parsed<Record<string, Seen>>(row.seen),
  after: row.after as string | null,
});

/** Pending changes of one row, in the order of writing. */
export const changesOfRow = ({ db }: EngineContext, table: string, key: string): PendingChange[] =>
  db
    .prepare(`select ${CHANGE_COLUMNS} from satchel_changes where tbl = ? and key = ? order by change_id`)
    .all([table, key])
    .map(pendingFromRow);

export const isPending = ({ db }: EngineContext, table: string, key: string): boolean =>
  db.prepare('select 1 as found from satchel_changes where tbl = ? and key = ? limit 1').get([table, key]) !==
  undefined;

export const hasPending = ({ db }: EngineContext): boolean =>
  db.prepare('select 1 as found from satchel_changes limit 1').get() !== undefined;

export interface ChangeRange {
  readonly first: number;
  readonly last: number;
}

export const changesInRange = ({ db }: EngineContext, { first, last }: ChangeRange): PendingChange[] =>
  db
    .prepare(
      `select ${CHANGE_COLUMNS} from satchel_changes where change_id between ? and ? order by change_id`,
    )
    .all([first, last])
    .map(pendingFromRow);

export const deleteRange = ({ db }: EngineContext, { first, last }: ChangeRange): void => {
  db.prepare('delete from satchel_changes where change_id between ? and ?').run([first, last]);
};

/** A row among all tables, for sets. */
export interface RowAddress {
  readonly table: string;
  readonly key: string;
}

/** Rows whose visible form must be made anew, each once. */
export class RowSet {
  readonly #rows = new Map<string, RowAddress>();

  add(table: string, key: string): void {
    this.#rows.set(rowName(table, key), { table, key });
  }

  has(table: string, key: string): boolean {
    return this.#rows.has(rowName(table, key));
  }

  get size(): number {
    return this.#rows.size;
  }

  *[Symbol.iterator](): Iterator<RowAddress> {
    yield* this.#rows.values();
  }
}
