import { type PendingChange as LaidChange, rowName } from '@satchel/core';
import type { Op, Seen, Values } from '@satchel/protocol';
import type { SqlRow } from '../database/driver.ts';
import { imageOf, type LocalTable } from '../database/local-table.ts';
import { readRow } from '../database/rows.ts';
import type { EngineContext } from '../engine-context.ts';
import { keepBases } from '../pages/base.ts';

/**
 * A change of an unsettled mutation, as capture left it: images of the row before and
 * after. Which columns the user changed is what differs between the two. Of an update
 * only these need be written after it: where a column is missing it is as before.
 *
 * An insert has no image of its own. While it is the last change of its row, the
 * visible row is its image (pending values are laid over all of a base); afterwards
 * the image before the next change is. It is written down before the visible row goes.
 *
 * Changes of one mutation have ids without a foreign one in between, in the order of
 * the local transaction; ids of earlier mutations are lower.
 */
export interface PendingChange {
  readonly changeId: number;
  readonly table: string;
  readonly op: Op;
  readonly key: string;
  /** Made when it is asked for. */
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

const CHANGE_COLUMNS = 'change_id,tbl,op,key,new,old,version,hold,confirmed,seen,after';

const parsed = <T>(text: unknown): T | null => (typeof text === 'string' ? (JSON.parse(text) as T) : null);

class CapturedChange implements PendingChange {
  readonly changeId: number;
  readonly table: string;
  readonly op: Op;
  readonly key: string;
  readonly version: number | null;
  readonly hold: number | null;
  readonly after: string | null;
  readonly #context: EngineContext;
  readonly #row: SqlRow;
  readonly #images: InsertedImages | undefined;
  #new: Values | null | undefined;
  #old: Values | null | undefined;

  constructor(context: EngineContext, row: SqlRow, images?: InsertedImages) {
    this.changeId = row.change_id as number;
    this.table = row.tbl as string;
    this.op = row.op as Op;
    this.key = row.key as string;
    this.version = row.version as number | null;
    this.hold = row.hold as number | null;
    this.after = row.after as string | null;
    this.#context = context;
    this.#row = row;
    this.#images = images;
  }

  get new(): Values | null {
    if (this.#new === undefined) {
      const own = parsed<Values>(this.#row.new);
      if (this.op === 'insert')
        this.#new = own ?? this.#images?.of(this) ?? insertedImage(this.#context, this);
      else this.#new = own && { ...this.old, ...own };
    }
    return this.#new;
  }

  get old(): Values | null {
    if (this.#old === undefined) this.#old = parsed<Values>(this.#row.old);
    return this.#old;
  }

  get confirmed(): Values | null {
    return parsed<Values>(this.#row.confirmed);
  }

  get seen(): Readonly<Record<string, Seen>> | null {
    return parsed<Record<string, Seen>>(this.#row.seen);
  }
}

/**
 * A change as it is laid over a row. What an offer knows that its author saw are some
 * columns, as the wire has them, never the key: they are no row.
 */
export const toLayOver = (local: LocalTable, { op, new: written, old }: PendingChange): LaidChange => ({
  op,
  values: written,
  old,
  isPartial: old !== null && local.keyColumns.some(({ name }) => old[name] === undefined),
});

/**
 * Images of the inserts of a range that are the only change of their row, read for a
 * whole table at once when the first is asked for: one by one they took a third of the
 * time of a batch.
 */
class InsertedImages {
  readonly #context: EngineContext;
  readonly #range: ChangeRange;
  readonly #byTable = new Map<string, ReadonlyMap<number, string>>();

  constructor(context: EngineContext, range: ChangeRange) {
    this.#context = context;
    this.#range = range;
  }

  of({ table, changeId }: { readonly table: string; readonly changeId: number }): Values | null {
    let images = this.#byTable.get(table);
    if (!images) {
      images = this.#read(table);
      this.#byTable.set(table, images);
    }
    return parsed<Values>(images.get(changeId));
  }

  #read(table: string): ReadonlyMap<number, string> {
    const local = this.#context.tables.get(table);
    const key = local?.keyColumns[0];
    // A key of several columns is found by its parts, which only one row at a time has.
    if (!local || !key || local.keyColumns.length > 1) return new Map();
    const rows = this.#context.db
      .prepare(
        `select c.change_id as id, ${imageOf(local, 't')} as image from satchel_changes c ` +
          `join ${local.quoted} t on t.${key.quoted} = c.key where c.change_id between ? and ? and c.tbl = ? ` +
          "and c.op = 'insert' and c.new is null and not exists " +
          '(select 1 from satchel_changes p where p.tbl = c.tbl and p.key = c.key and p.change_id > c.change_id)',
      )
      .all([this.#range.first, this.#range.last, table]);
    return new Map(rows.map(({ id, image }): [number, string] => [id as number, image as string]));
  }
}

/** The row that an insert made: before the next change of it, else as it is. */
const insertedImage = (
  context: EngineContext,
  { table, key, changeId }: { readonly table: string; readonly key: string; readonly changeId: number },
): Values | null => {
  const next = context.db
    .prepare(
      'select old from satchel_changes where tbl = ? and key = ? and change_id > ? order by change_id limit 1',
    )
    .get([table, key, changeId]);
  if (next) return parsed<Values>(next.old);
  const local = context.tables.get(table);
  return (local && readRow(context, local, key)?.values) ?? null;
};

/** Writes the images of a row's inserts down, before the visible row is no longer one. */
export const keepInsertedImages = (context: EngineContext, table: string, key: string): void => {
  const missing = context.db
    .prepare(
      "select change_id from satchel_changes where tbl = ? and key = ? and op = 'insert' and new is null",
    )
    .all([table, key]);
  const keep = context.db.prepare('update satchel_changes set new = ? where change_id = ?');
  for (const { change_id } of missing) {
    const image = insertedImage(context, { table, key, changeId: change_id as number });
    if (image) keep.run([JSON.stringify(image), change_id as number]);
  }
};

/** Pending changes of one row, in the order of writing. */
export const changesOfRow = (context: EngineContext, table: string, key: string): PendingChange[] =>
  context.db
    .prepare(`select ${CHANGE_COLUMNS} from satchel_changes where tbl = ? and key = ? order by change_id`)
    .all([table, key])
    .map((row) => new CapturedChange(context, row));

export const isPending = ({ db }: EngineContext, table: string, key: string): boolean =>
  db.prepare('select 1 as found from satchel_changes where tbl = ? and key = ? limit 1').get([table, key]) !==
  undefined;

export interface ChangeRange {
  readonly first: number;
  readonly last: number;
}

export const changesInRange = (context: EngineContext, range: ChangeRange): PendingChange[] => {
  const { first, last } = range;
  const images = first < last ? new InsertedImages(context, range) : undefined;
  return context.db
    .prepare(
      `select ${CHANGE_COLUMNS} from satchel_changes where change_id between ? and ? order by change_id`,
    )
    .all([first, last])
    .map((row) => new CapturedChange(context, row, images));
};

/** Ranges that follow one another as one, in the order of writing. */
export const joinedRanges = (ranges: readonly ChangeRange[]): readonly ChangeRange[] => {
  const joined: { first: number; last: number }[] = [];
  for (const { first, last } of [...ranges].sort((a, b) => a.first - b.first)) {
    const before = joined.at(-1);
    if (before && first === before.last + 1) before.last = last;
    else joined.push({ first, last });
  }
  return joined;
};

/** Ends changes; the bases that only they hold are written down. */
export const deleteRange = (context: EngineContext, range: ChangeRange): void => {
  keepBases(context, range);
  forgetRange(context, range);
};

/** Ends changes whose rows are what the server has now, bases and all. */
export const forgetRange = ({ db }: EngineContext, { first, last }: ChangeRange): void => {
  db.prepare('delete from satchel_changes where change_id between ? and ?').run([first, last]);
};

/** A row among all tables. */
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
    return this.#rows.size > 0 && this.#rows.has(rowName(table, key));
  }

  *[Symbol.iterator](): Iterator<RowAddress> {
    yield* this.#rows.values();
  }
}
