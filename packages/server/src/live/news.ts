import { MAX_LIVE_PAGE_BYTES, type Outcome } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import { mayBeBrief, ownBlocks, readTableBody } from '../pull/body.ts';
import type { Entry } from '../pull/entries.ts';
import { groupBy } from '../pull/group-by.ts';
import { goneLine, ownLine, rowsLine } from '../pull/line-text.ts';
import type { ClientOutcome } from '../pull/outcomes.ts';
import { outcomesInSight } from '../pull/outcomes-in-sight.ts';
import type { TableView } from '../pull/reader-view.ts';
import type { Audience } from './audience.ts';
import { findNews, type NewsAsked } from './read-news.ts';
import { patchLines, type RecentUpdate, type RecentUpdates, recentUpdates } from './recent.ts';
import type { LiveSession } from './session.ts';

/** Sessions that stand at the same place, whatever they see. */
export interface Standers {
  /** The snapshot up to which they hold their scopes. */
  readonly since: string;
  /** And their own outcomes. */
  readonly outcomesSince: string;
  readonly audiences: readonly Audience[];
}

/** What is new for them in one snapshot. */
export interface News {
  /** Scopes in which something happened. */
  readonly changed: ReadonlySet<string>;
  /** Of these, the ones with too much for a live page. */
  readonly flooded: ReadonlySet<string>;
  /** Lines of a table in a scope, by the hash of the view; none where nothing happened. */
  readonly lines: (table: TableView, scope: string, taker: Taker) => readonly string[];
  /** How a session takes rows. */
  readonly takerOf: (session: LiveSession) => Taker;
  readonly outcomes: ReadonlyMap<string, readonly Outcome[]>;
}

/**
 * How rows are told: `whole`; `brief`, by what changed where that is known; or to the
 * client that wrote some of them, to which those are told by their versions.
 */
export type Taker = 'whole' | 'brief' | { readonly writer: string };

/** Writers whose rows a round keeps apart, so that they need not come back to them whole. */
const MAX_WRITERS = 4;

/** Entries of one scope that are still sent live; above, its sessions pull (rule 66). */
export const MAX_SCOPE_ENTRIES = 1_000;
/** Entries of all scopes that one round takes on. */
const MAX_ENTRIES = 50_000;
/** Bytes of one table's rows for one view that a round reads. */
const MAX_TABLE_BYTES = 64 * MAX_LIVE_PAGE_BYTES;

/** What is asked for some sessions. */
export const askedBy = (standers: Standers, tableIds: readonly number[]): NewsAsked => {
  const scopes = new Set<string>();
  const clients = new Set<string>();
  for (const audience of standers.audiences) {
    for (const scope of audience.scopes) scopes.add(scope);
    for (const { reader } of audience.sessions) clients.add(reader.clientId);
  }
  return {
    scopes: [...scopes],
    since: standers.since,
    tableIds,
    limit: MAX_ENTRIES,
    perScope: MAX_SCOPE_ENTRIES + 1,
    clients: [...clients],
    outcomesSince: standers.outcomesSince,
  };
};

/**
 * Reads what is new for some sessions: the entries once for the union of their scopes,
 * the rows once for each view of a table. Throws `TornPage` as a pull does.
 */
export const readNews = async (
  ctx: ServerContext,
  tx: Queryable,
  standers: Standers,
  tableIds: readonly number[],
): Promise<News> => {
  const asked = askedBy(standers, tableIds);
  const { entries, outcomes: found } = await findNews(tx, asked);
  const byScope = groupBy(entries, ({ scope }) => scope);
  const flooded = new Set<string>();
  for (const [scope, list] of byScope) if (list.length > MAX_SCOPE_ENTRIES) flooded.add(scope);
  // Cut short: which scopes are whole is not known.
  if (entries.length >= MAX_ENTRIES) for (const scope of asked.scopes) flooded.add(scope);
  const writers = writersAmong(standers.audiences, entries);
  const blocks = await readBlocks(ctx, tx, standers.audiences, byScope, flooded, writers);
  const outcomes = groupBy(found, ({ clientId }) => clientId);
  return {
    changed: new Set([...byScope.keys(), ...flooded]),
    flooded,
    lines: (table, scope, taker) =>
      (blocks.get(lineName(table, scope)) ?? []).map((block) => textFor(block, taker)),
    takerOf: ({ reader: { brief, clientId } }) =>
      brief ? (writers.has(clientId) ? { writer: clientId } : 'brief') : 'whole',
    outcomes: await shownInScopes(ctx, tx, standers.audiences, outcomes),
  };
};

/** Outcomes by client, without rows that its scopes no longer hold. */
const shownInScopes = async (
  ctx: ServerContext,
  tx: Queryable,
  audiences: readonly Audience[],
  found: ReadonlyMap<string, readonly ClientOutcome[]>,
): Promise<ReadonlyMap<string, readonly Outcome[]>> => {
  const shown = new Map<string, readonly Outcome[]>();
  for (const { scopes, sessions } of found.size > 0 ? audiences : []) {
    for (const { reader } of sessions) {
      const own = found.get(reader.clientId);
      if (!own) continue;
      const outcomes = own.map(({ outcome }) => outcome);
      shown.set(reader.clientId, await outcomesInSight(ctx, tx, scopes, outcomes));
    }
  }
  return shown;
};

const lineName = ({ tableId, hash, lowered }: TableView, scope: string): string =>
  `${tableId} ${hash} ${lowered ?? ''} ${scope}`;

interface Sight {
  readonly table: TableView;
  readonly scopes: Set<string>;
}

/** Each view of a table that somebody has, with the scopes for which he needs it. */
const sightsOf = (
  audiences: readonly Audience[],
  byScope: ReadonlyMap<string, readonly Entry[]>,
  flooded: ReadonlySet<string>,
): readonly Sight[] => {
  const sights = new Map<string, Sight>();
  for (const { scopes, view } of audiences) {
    const touched = scopes.filter((scope) => byScope.has(scope) && !flooded.has(scope));
    for (const table of touched.length > 0 ? view.tables.values() : []) {
      const name = lineName(table, '');
      const sight = sights.get(name) ?? { table, scopes: new Set() };
      sights.set(name, sight);
      for (const scope of touched) sight.scopes.add(scope);
    }
  }
  return [...sights.values()];
};

/** Lines of a table in a scope that belong together. */
interface Block {
  /** The client that wrote the rows, where they are kept apart for it. */
  readonly writer?: string;
  readonly own?: string;
  readonly whole?: string;
  /** Absent: as the whole. */
  readonly brief?: string;
}

const textFor = ({ writer, own, whole, brief }: Block, taker: Taker): string => {
  if (typeof taker === 'object' && writer === taker.writer) return own!;
  return (taker === 'whole' ? whole : (brief ?? whole))!;
};

/** Sessions' clients that wrote some of this and take rows in brief. */
const writersAmong = (audiences: readonly Audience[], entries: readonly Entry[]): ReadonlySet<string> => {
  const wrote = new Set<string>();
  for (const { writer } of entries) if (writer) wrote.add(writer);
  const writers = new Set<string>();
  for (const { sessions } of wrote.size > 0 ? audiences : [])
    for (const { reader } of sessions) {
      if (!reader.brief || !wrote.has(reader.clientId)) continue;
      if (writers.size === MAX_WRITERS) return writers;
      writers.add(reader.clientId);
    }
  return writers;
};

const readBlocks = async (
  ctx: ServerContext,
  tx: Queryable,
  audiences: readonly Audience[],
  byScope: ReadonlyMap<string, readonly Entry[]>,
  flooded: Set<string>,
  writers: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly Block[]>> => {
  const blocks = new Map<string, Block[]>();
  const add = (table: TableView, scope: string, block: Block): void => {
    const name = lineName(table, scope);
    const list = blocks.get(name);
    if (list) list.push(block);
    else blocks.set(name, [block]);
  };
  const someWhole = audiences.some(({ sessions }) => [...sessions].some(({ reader }) => !reader.brief));
  const recent = recentUpdates(ctx);
  for (const { table, scopes } of sightsOf(audiences, byScope, flooded)) {
    const entries = [...scopes].flatMap((scope) =>
      byScope.get(scope)!.filter(({ tableId }) => tableId === table.tableId),
    );
    for (const part of partsOf(table, entries, writers, recent)) {
      const { writer, updates } = part;
      const isRead = updates === undefined || someWhole;
      const body = isRead
        ? await readTableBody(tx, table, part.entries, {
            lineRows: MAX_SCOPE_ENTRIES,
            bytes: MAX_TABLE_BYTES,
            missing: 'throw',
          })
        : undefined;
      if (body === null) {
        for (const { scope } of part.entries) flooded.add(scope);
        continue;
      }
      for (const block of body?.gone ?? []) add(table, block.scope, sameFor(goneLine(block)));
      // Many rows are read in several blocks, and so told in several lines.
      const whole = groupBy(body?.rows ?? [], (block) => block.scope);
      const own = new Map(
        writer ? ownBlocks(table, part.entries).map((one) => [one.scope, ownLine(one)]) : [],
      );
      const readable = new Set(table.columns.map(({ name }) => name));
      for (const [scope, list] of groupBy(part.entries, (entry) => entry.scope)) {
        const text = whole
          .get(scope)
          ?.map((block) => rowsLine(ctx.app, block))
          .join('\n');
        const brief =
          updates &&
          patchLines(
            scope,
            table.wire,
            readable,
            list.map((entry) => updates.get(entry)!),
          );
        if (text === undefined && brief === undefined) continue;
        add(table, scope, {
          ...(writer ? { writer, own: own.get(scope)! } : {}),
          ...(text === undefined ? {} : { whole: text }),
          ...(brief === undefined ? {} : { brief }),
        });
      }
    }
  }
  return blocks;
};

const sameFor = (text: string): Block => ({ whole: text });

/** Entries that are told alike. */
interface Part {
  readonly entries: readonly Entry[];
  readonly writer?: string;
  /** Of each of them, where it is known what changed. */
  readonly updates?: ReadonlyMap<Entry, RecentUpdate>;
}

/** Apart: the rows of each writer who listens, and those of which it is known what changed. */
const partsOf = (
  table: TableView,
  entries: readonly Entry[],
  writers: ReadonlySet<string>,
  recent: RecentUpdates,
): readonly Part[] => {
  if (entries.length === 0) return [];
  if (!mayBeBrief(table)) return [{ entries }];
  const updates = new Map<Entry, RecentUpdate>();
  for (const entry of entries) {
    if (!entry.present) continue;
    const update = recent.tell(entry.tableId, entry.key, entry.version, entry.scope);
    if (update) updates.set(entry, update);
  }
  const groups = groupBy(entries, (entry) => {
    const writer = entry.present && entry.writer && writers.has(entry.writer) ? entry.writer : '';
    return `${updates.has(entry) ? 'u' : 'w'}${writer}`;
  });
  return [...groups].map(([name, list]) => ({
    entries: list,
    ...(name.length > 1 ? { writer: name.slice(1) } : {}),
    ...(name.startsWith('u') ? { updates } : {}),
  }));
};
