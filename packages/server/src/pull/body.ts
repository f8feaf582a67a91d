import type { GoneLine } from '@satchel/protocol';
import type { Queryable } from '../postgres/database.ts';
import type { Entry } from './entries.ts';
import { groupBy } from './group-by.ts';
import type { ReaderView, TableView } from './reader-view.ts';
import { type RowBlock, readRows, type WantedRow } from './rows.ts';

/** Rows that went from one scope. */
export interface GoneBlock {
  readonly scope: string;
  readonly view: TableView;
  readonly keys: readonly string[];
  readonly versions: readonly number[];
  readonly reasons: GoneLine['reasons'];
}

/** Rows that the reader wrote itself and was told of: it has them at these versions. */
export interface OwnBlock {
  readonly scope: string;
  readonly view: TableView;
  readonly keys: readonly string[];
  readonly versions: readonly number[];
}

/** What entries say, with the rows they stand for. */
export interface Body {
  readonly gone: readonly GoneBlock[];
  readonly own: readonly OwnBlock[];
  readonly rows: readonly RowBlock[];
  readonly count: number;
  readonly bytes: number;
}

export const EMPTY_BODY: Body = { gone: [], own: [], rows: [], count: 0, bytes: 0 };

/** An entry says present where there is no row: read again in a newer snapshot (rule 48). */
export class TornPage extends Error {
  override name = 'TornPage';
}

export interface BodyOptions {
  /** Rows of a line at most. */
  readonly lineRows: number;
  /** Bytes after which reading stops. */
  readonly bytes: number;
  /**
   * `throw`: a missing row is a `TornPage`. `gone`: it is sent as deleted. Entries and
   * rows that differ in every snapshot are damage that `satchel verify` repairs; until
   * then it must not keep everything else from the client.
   */
  readonly missing: 'throw' | 'gone';
  /** The client to which its own rows are told by their versions alone. */
  readonly own?: string;
}

/** Rows of the first read of a table: their size tells how many of the next fit. */
const FIRST_READ = 100;

/**
 * Reads what entries stand for, the most urgent lane first; `null` when that is more
 * than one entry and passes `options.bytes`. `entries` holds a row at most once a scope.
 */
export const readBody = async (
  tx: Queryable,
  view: ReaderView,
  entries: readonly Entry[],
  options: BodyOptions,
): Promise<Body | null> => {
  const rows: RowBlock[] = [];
  const gone: GoneBlock[] = [];
  const own: OwnBlock[] = [];
  let bytes = 0;
  for (const table of tablesOf(view, entries)) {
    const mine = entries.filter(({ tableId }) => tableId === table.tableId);
    const body = await readTableBody(tx, table, mine, { ...options, bytes: options.bytes - bytes });
    if (!body || (bytes + body.bytes > options.bytes && entries.length > 1)) return null;
    rows.push(...body.rows);
    gone.push(...body.gone);
    own.push(...body.own);
    bytes += body.bytes;
  }
  return { gone, own, rows, count: entries.length, bytes };
};

/** As `readBody`, for entries of one table. */
export const readTableBody = async (
  tx: Queryable,
  table: TableView,
  entries: readonly Entry[],
  options: BodyOptions,
): Promise<Body | null> => {
  const blocks: RowBlock[] = [];
  const gone = new GoneBlocks();
  const own: Entry[] = [];
  const wanted: Entry[] = [];
  const teller = mayBeBrief(table) ? options.own : undefined;
  let bytes = 0;
  for (const entry of entries) {
    if (entry.present && teller !== undefined && entry.writer === teller) {
      own.push(entry);
      bytes += entry.key.length;
    } else if (entry.present) wanted.push(entry);
    else {
      gone.add(table, entry, entry.deleted ? 'deleted' : 'left');
      bytes += entry.key.length;
    }
  }
  if (wanted.length > 1) wanted.sort(byScope);
  let size = Math.min(FIRST_READ, options.lineRows);
  for (let start = 0; start < wanted.length; ) {
    if (bytes > options.bytes) return null;
    const read = await readRows(tx, table, wanted.slice(start, start + size));
    if (read.missing.length > 0 && options.missing === 'throw') throw new TornPage();
    for (const row of read.missing) gone.add(table, row, 'deleted');
    for (const row of read.outside) gone.add(table, row, 'left');
    blocks.push(...read.blocks);
    bytes += read.bytes;
    start += size;
    // So many more as fit twice, by what the rows were so far: wide rows never fill the memory.
    const fitting = Math.ceil((2 * options.bytes * start) / Math.max(1, bytes));
    size = Math.min(options.lineRows, Math.max(1, fitting));
  }
  if (bytes > options.bytes && entries.length > 1) return null;
  return { gone: gone.list, own: ownBlocks(table, own), rows: blocks, count: entries.length, bytes };
};

/**
 * Whether rows of a view may be told in brief: a row that a filter may just have let in
 * is not on the device, and one of an older schema version is of another form there.
 */
export const mayBeBrief = ({ filter, lowered }: TableView): boolean =>
  filter.length === 0 && lowered === undefined;

export const ownBlocks = (view: TableView, entries: readonly Entry[]): readonly OwnBlock[] =>
  [...groupBy(entries, ({ scope }) => scope)].map(([scope, list]) => ({
    scope,
    view,
    keys: list.map(({ key }) => key),
    versions: list.map(({ version }) => version),
  }));

/** Reads the first entries that fit, at least one: a row of any size gets through. */
export const readWithin = async (
  tx: Queryable,
  view: ReaderView,
  entries: readonly Entry[],
  options: BodyOptions,
): Promise<{ readonly body: Body; readonly taken: number }> => {
  for (let taken = entries.length; taken > 0; taken = Math.ceil(taken / 4)) {
    const body = await readBody(tx, view, entries.slice(0, taken), options);
    if (body) return { body, taken };
  }
  return { body: EMPTY_BODY, taken: 0 };
};

const tablesOf = (view: ReaderView, entries: readonly Entry[]): readonly TableView[] => {
  const touched = new Set(entries.map(({ tableId }) => tableId));
  return view.order.filter((tableId) => touched.has(tableId)).map((tableId) => view.tables.get(tableId)!);
};

const byScope = (a: WantedRow, b: WantedRow): number => (a.scope < b.scope ? -1 : a.scope > b.scope ? 1 : 0);

/** Gathers rows that went by table and scope. */
export class GoneBlocks {
  readonly list: {
    scope: string;
    view: TableView;
    keys: string[];
    versions: number[];
    reasons: GoneLine['reasons'];
  }[] = [];
  readonly #blocks = new Map<string, (typeof this.list)[number]>();

  add(view: TableView, { scope, key, version }: WantedRow, reason: 'deleted' | 'left'): void {
    const name = `${view.tableId} ${scope}`;
    let block = this.#blocks.get(name);
    if (!block) {
      block = { scope, view, keys: [], versions: [], reasons: [] };
      this.#blocks.set(name, block);
      this.list.push(block);
    }
    block.keys.push(key);
    block.versions.push(version);
    block.reasons.push(reason);
  }
}
