import type { EntryPlace, SweptLine } from '@satchel/protocol';
import type { Queryable } from '../postgres/database.ts';
import { type Body, type BodyOptions, GoneBlocks, TornPage } from './body.ts';
import { type CopyRead, readCopy } from './copy-read.ts';
import { countPresent } from './entries.ts';
import { UNCOUNTED } from './plan.ts';
import type { Fill, Position, ScopePosition } from './position.ts';
import { laneSteps, namesOf, type ReaderView } from './reader-view.ts';

export interface FillRead {
  readonly position: Position;
  readonly bodies: readonly Body[];
  readonly swept: readonly SweptLine[];
  /** Rows still to come, an estimate. */
  readonly remaining: number;
}

export const isFilling = ({ scopes }: Position): boolean => {
  for (const { fill } of scopes.values()) if (fill) return true;
  return false;
};

/** Rows of the first read of a page: their size tells how many of the next fit. */
const FIRST_READ = 100;

/**
 * One page of the running copies: the most urgent lane of all scopes first, then scope
 * by scope, until `rows` or the bytes of `options` are used up. The first read gets
 * through whatever its size, down to a single row.
 */
export const readFill = async (
  tx: Queryable,
  position: Position,
  view: ReaderView,
  rows: number,
  options: BodyOptions,
): Promise<FillRead> => {
  const scopes = new Map(position.scopes);
  const bodies: Body[] = [];
  const swept: SweptLine[] = [];
  let rowsLeft = rows;
  let bytesLeft = options.bytes;
  let size = Math.min(FIRST_READ, options.lineRows);
  while (rowsLeft > 0 && bytesLeft > 0) {
    const next = mostUrgent(scopes, view);
    if (!next) break;
    const [scope, { s, fill }] = next;
    const limit = Math.min(size, rowsLeft);
    const read = fill.now.length === 0 ? NOTHING : await readCopy(tx, view, scope, fill, limit);
    if (read.bytes > bytesLeft && read.count > 1) {
      if (rowsLeft < rows) break;
      size = Math.ceil(limit / 4);
      continue;
    }
    if (read.count > 0) bodies.push(bodyOf(read, view, options));
    const after = advance(fill, view, read.last, read.count, read.count < limit);
    rowsLeft -= read.count;
    bytesLeft -= read.bytes;
    if (read.count > 0) {
      const fitting = Math.floor((bytesLeft * read.count) / Math.max(1, read.bytes));
      size = Math.min(options.lineRows, Math.max(1, fitting));
    }
    if (after) scopes.set(scope, { s, fill: after });
    else {
      scopes.set(scope, { s });
      swept.push({ line: 'swept', scope, ...(fill.only ? { tables: namesOf(view, fill.only) } : {}) });
    }
  }
  let remaining = 0;
  for (const { fill } of scopes.values()) remaining += fill?.rows ?? 0;
  return { position: { ...position, scopes }, bodies, swept, remaining };
};

const NOTHING: CopyRead = { blocks: [], outside: [], missing: [], count: 0, bytes: 0 };

const bodyOf = (read: CopyRead, view: ReaderView, { missing }: BodyOptions): Body => {
  if (read.missing.length > 0 && missing === 'throw') throw new TornPage();
  const gone = new GoneBlocks();
  for (const row of read.missing) gone.add(view.tables.get(row.tableId)!, row, 'deleted');
  for (const row of read.outside) gone.add(view.tables.get(row.tableId)!, row, 'left');
  return { gone: gone.list, own: [], rows: read.blocks, count: read.count, bytes: read.bytes };
};

/** Where the walk stands after `last`; `undefined` when it is complete. */
const advance = (
  fill: Fill,
  view: ReaderView,
  last: EntryPlace | undefined,
  taken: number,
  laneDone: boolean,
): Fill | undefined => {
  const rows = Math.max(0, fill.rows - taken);
  if (!laneDone) return last ? { ...fill, at: last, rows } : fill;
  const { now, rest } = laneSteps(view, fill.rest);
  if (now.length === 0) return undefined;
  return { to: fill.to, now, rest, ...(fill.only ? { only: fill.only } : {}), rows };
};

type Filling = ScopePosition & { readonly fill: Fill };

const mostUrgent = (
  scopes: ReadonlyMap<string, ScopePosition>,
  view: ReaderView,
): readonly [string, Filling] | undefined => {
  let best: readonly [string, Filling] | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const [scope, { s, fill }] of scopes) {
    if (!fill) continue;
    const rank = fill.now[0] === undefined ? 0 : view.order.indexOf(fill.now[0]);
    if (rank < bestRank) {
      best = [scope, { s, fill }];
      bestRank = rank;
    }
  }
  return best;
};

/** Counts the rows of copies that were begun just now. */
export const countCopies = async (tx: Queryable, position: Position): Promise<Position> => {
  const groups = new Map<string, { tables: readonly number[]; scopes: string[] }>();
  for (const [scope, { fill }] of position.scopes) {
    if (fill?.rows !== UNCOUNTED) continue;
    const tables = [...fill.now, ...fill.rest];
    const name = tables.join();
    const group = groups.get(name);
    if (group) group.scopes.push(scope);
    else groups.set(name, { tables, scopes: [scope] });
  }
  if (groups.size === 0) return position;
  const scopes = new Map(position.scopes);
  for (const group of groups.values()) {
    const counts = await countPresent(tx, group.scopes, group.tables);
    for (const [scope, rows] of counts) {
      const { s, fill } = scopes.get(scope)!;
      scopes.set(scope, { s, fill: { ...fill!, rows } });
    }
  }
  return { ...position, scopes };
};
