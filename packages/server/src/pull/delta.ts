import type { Queryable } from '../postgres/database.ts';
import { together } from '../postgres/together.ts';
import { type Body, type BodyOptions, EMPTY_BODY, readBody } from './body.ts';
import { type Entry, entriesSince } from './entries.ts';
import type { Position } from './position.ts';
import type { ReaderView } from './reader-view.ts';

/**
 * All that happened in the scopes of a position since it, read in one snapshot; `null`
 * when that is more than `limit` entries, or than the bytes of `options`.
 */
export const readDelta = async (
  tx: Queryable,
  position: Position,
  view: ReaderView,
  snapshot: string,
  limit: number,
  options: BodyOptions,
): Promise<Body | null> => {
  const entries: Entry[] = [];
  for (const [since, scopes] of scopesBySnapshot(position, snapshot)) {
    const room = limit - entries.length + 1;
    entries.push(...(await entriesSince(tx, scopes, since, view.order, room)));
    if (entries.length > limit) return null;
  }
  return entries.length === 0 ? EMPTY_BODY : readBody(tx, view, entries, options);
};

/** Asks for the entries of which `readDelta` will ask first, where nothing else changes the position. */
export const askDelta = async (
  tx: Queryable,
  position: Position,
  view: ReaderView,
  limit: number,
): Promise<void> => {
  const groups = [...scopesBySnapshot(position, undefined)];
  await together(groups.map(([since, scopes]) => entriesSince(tx, scopes, since, view.order, limit + 1)));
};

/** Most scopes of a position share one snapshot: each is asked for once. */
const scopesBySnapshot = (
  position: Position,
  snapshot: string | undefined,
): ReadonlyMap<string, string[]> => {
  const groups = new Map<string, string[]>();
  for (const [scope, { s }] of position.scopes) {
    if (s === snapshot) continue;
    const group = groups.get(s);
    if (group) group.push(scope);
    else groups.set(s, [scope]);
  }
  return groups;
};
