import { formatSnapshot, packSnapshot, parseSnapshot, type Snapshot, unpackSnapshot } from '@satchel/core';
import type { Cursor, EntryPlace } from '@satchel/protocol';

/** A running copy of a scope: what was present at `to`. See `cursorSchema`. */
export interface Fill {
  readonly to: string;
  readonly now: readonly number[];
  readonly rest: readonly number[];
  readonly at?: EntryPlace | undefined;
  readonly only?: readonly number[] | undefined;
  readonly rows: number;
}

export interface ScopePosition {
  /** Changes of the scope are held up to this snapshot. */
  readonly s: string;
  readonly fill?: Fill;
}

/** A large delta on its way, see `cursorSchema`. */
export interface PartPosition {
  readonly to: string;
  readonly scope?: string;
  readonly at?: EntryPlace;
}

/** What a client has: a cursor with its snapshots written out, as texts of `pg_snapshot`. */
export interface Position {
  readonly view: Readonly<Record<string, string>>;
  readonly outcomes: string;
  readonly scopes: ReadonlyMap<string, ScopePosition>;
  readonly part?: PartPosition;
}

/** When and where a page was read: a snapshot, and the history that it belongs to. */
export interface Origin {
  readonly epoch: string;
  readonly generation: number;
  /** WAL position in bytes, decimal. */
  readonly lsn: string;
  /** UTC milliseconds. */
  readonly at: number;
}

/** Sees nothing: the first delta from it brings everything. */
export const EMPTY_SNAPSHOT = '1:1:';

/** The position of a client that has nothing. */
export const NOWHERE: Position = { view: {}, outcomes: EMPTY_SNAPSHOT, scopes: new Map() };

/** Throws `cursor_invalid` where a packed snapshot is none. */
export const cursorToPosition = (cursor: Cursor): Position => {
  const snapshots = cursor.snapshots.map((packed) => formatSnapshot(unpackSnapshot(packed)));
  const at = (index: number): string => snapshots[index]!;
  const { part } = cursor;
  return {
    view: cursor.view,
    outcomes: at(cursor.outcomes),
    scopes: new Map(
      Object.entries(cursor.scopes).map(([scope, { s, fill }]) => [
        scope,
        fill ? { s: at(s), fill: { ...fillWithoutTarget(fill), to: at(fill.to) } } : { s: at(s) },
      ]),
    ),
    ...(part
      ? {
          part: {
            to: at(part.to),
            ...(part.scope === undefined ? {} : { scope: part.scope }),
            ...(part.at ? { at: part.at } : {}),
          },
        }
      : {}),
  };
};

export const positionToCursor = (position: Position, origin: Origin): Cursor => {
  const snapshots: string[] = [];
  const indexes = new Map<string, number>();
  const index = (snapshot: string): number => {
    let known = indexes.get(snapshot);
    if (known === undefined) {
      known = snapshots.push(packSnapshot(parseSnapshot(snapshot))) - 1;
      indexes.set(snapshot, known);
    }
    return known;
  };
  const scopes: Record<string, Cursor['scopes'][string]> = {};
  for (const [scope, { s, fill }] of position.scopes) {
    scopes[scope] = fill
      ? { s: index(s), fill: { ...fillWithoutTarget(fill), to: index(fill.to) } }
      : { s: index(s) };
  }
  const { part } = position;
  return {
    v: 1,
    epoch: origin.epoch,
    generation: origin.generation,
    lsn: origin.lsn,
    at: origin.at,
    view: position.view,
    outcomes: index(position.outcomes),
    scopes,
    ...(part
      ? {
          part: {
            to: index(part.to),
            ...(part.scope === undefined ? {} : { scope: part.scope }),
            ...(part.at ? { at: part.at } : {}),
          },
        }
      : {}),
    snapshots,
  };
};

const fillWithoutTarget = (
  fill: Omit<Fill, 'to'>,
): {
  now: number[];
  rest: number[];
  at?: EntryPlace;
  only?: number[];
  rows: number;
} => ({
  now: [...fill.now],
  rest: [...fill.rest],
  ...(fill.at ? { at: fill.at } : {}),
  ...(fill.only ? { only: [...fill.only] } : {}),
  rows: fill.rows,
});

/** Every snapshot that deltas of this position start from. */
export const startsOf = (position: Position): readonly Snapshot[] =>
  [...new Set([...position.scopes.values()].map(({ s }) => s))].map(parseSnapshot);

/** The lowest transaction that the position may still lack: all below it was received. */
export const oldestNeeded = (position: Position): bigint | undefined => {
  let oldest: bigint | undefined;
  for (const { xmin } of startsOf(position)) if (oldest === undefined || xmin < oldest) oldest = xmin;
  return oldest;
};

/** The snapshot of the scope that is furthest behind; none where the client has no scope yet. */
export const oldestScope = (position: Position): string | undefined => {
  let oldest: { readonly text: string; readonly xmax: bigint } | undefined;
  for (const { s: text } of position.scopes.values()) {
    const { xmax } = parseSnapshot(text);
    if (oldest === undefined || xmax < oldest.xmax) oldest = { text, xmax };
  }
  return oldest?.text;
};
