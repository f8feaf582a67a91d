import type { SweptLine } from '@satchel/protocol';
import type { Queryable } from '../postgres/database.ts';
import { type Body, type BodyOptions, readWithin } from './body.ts';
import { countPresent, type Entry, entriesPresent } from './entries.ts';
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

/**
 * One page of the running copies: the most urgent lane of all scopes first, then scope
 * by scope, until `rows` or the bytes of `options` are used up.
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
  while (rowsLeft > 0 && bytesLeft > 0) {
    const next = mostUrgent(scopes, view);
    if (!next) break;
    const [scope, { s, fill }] = next;
    const entries =
      fill.now.length === 0 ? [] : await entriesPresent(tx, scope, fill.to, fill.at, fill.now, rowsLeft);
    const { body, taken } = await readWithin(tx, view, entries, { ...options, bytes: bytesLeft });
    if (taken > 0) bodies.push(body);
    const laneDone = taken === entries.length && taken < rowsLeft;
    const after = advance(fill, view, entries[taken - 1], taken, laneDone);
    rowsLeft -= taken;
    bytesLeft -= body.bytes;
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

/** Where the walk stands after `last`; `undefined` when it is complete. */
const advance = (
  fill: Fill,
  view: ReaderView,
  last: Entry | undefined,
  taken: number,
  laneDone: boolean,
): Fill | undefined => {
  const rows = Math.max(0, fill.rows - taken);
  if (!laneDone) return last ? { ...fill, at: [last.xid, last.tableId, last.key], rows } : fill;
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
