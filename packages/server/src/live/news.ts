import { MAX_LIVE_PAGE_BYTES, type Outcome } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import { together } from '../postgres/together.ts';
import { readTableBody } from '../pull/body.ts';
import { type Entry, entriesSince } from '../pull/entries.ts';
import { groupBy } from '../pull/group-by.ts';
import { goneLine, rowsLine } from '../pull/line-text.ts';
import { type ClientOutcome, outcomesSince } from '../pull/outcomes.ts';
import { outcomesInSight } from '../pull/outcomes-in-sight.ts';
import type { TableView } from '../pull/reader-view.ts';
import type { Audience } from './audience.ts';

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
  /** Lines of a table in a scope, by the hash of the view; absent where nothing happened. */
  readonly lines: (table: TableView, scope: string) => string | undefined;
  readonly outcomes: ReadonlyMap<string, readonly Outcome[]>;
}

/** Entries of one scope that are still sent live; above, its sessions pull (rule 66). */
export const MAX_SCOPE_ENTRIES = 1_000;
/** Entries of all scopes that one round takes on. */
const MAX_ENTRIES = 50_000;
/** Bytes of one table's rows for one view that a round reads. */
const MAX_TABLE_BYTES = 64 * MAX_LIVE_PAGE_BYTES;

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
  const scopes = new Set<string>();
  const clients = new Set<string>();
  for (const audience of standers.audiences) {
    for (const scope of audience.scopes) scopes.add(scope);
    for (const { reader } of audience.sessions) clients.add(reader.clientId);
  }
  const [entries, found] = await together([
    entriesSince(tx, [...scopes], standers.since, tableIds, MAX_ENTRIES, MAX_SCOPE_ENTRIES + 1),
    outcomesSince(tx, [...clients], standers.outcomesSince),
  ]);
  const byScope = groupBy(entries, ({ scope }) => scope);
  const flooded = new Set<string>();
  for (const [scope, list] of byScope) if (list.length > MAX_SCOPE_ENTRIES) flooded.add(scope);
  // Cut short: which scopes are whole is not known.
  if (entries.length >= MAX_ENTRIES) for (const scope of scopes) flooded.add(scope);
  const lines = await readLines(ctx, tx, standers.audiences, byScope, flooded);
  const outcomes = groupBy(found, ({ clientId }) => clientId);
  return {
    changed: new Set([...byScope.keys(), ...flooded]),
    flooded,
    lines: (table, scope) => lines.get(lineName(table, scope)),
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

const readLines = async (
  ctx: ServerContext,
  tx: Queryable,
  audiences: readonly Audience[],
  byScope: ReadonlyMap<string, readonly Entry[]>,
  flooded: Set<string>,
): Promise<ReadonlyMap<string, string>> => {
  const lines = new Map<string, string>();
  const add = (table: TableView, scope: string, line: string): void => {
    const name = lineName(table, scope);
    const before = lines.get(name);
    lines.set(name, before === undefined ? line : `${before}\n${line}`);
  };
  for (const { table, scopes } of sightsOf(audiences, byScope, flooded)) {
    const entries = [...scopes].flatMap((scope) =>
      byScope.get(scope)!.filter(({ tableId }) => tableId === table.tableId),
    );
    if (entries.length === 0) continue;
    const body = await readTableBody(tx, table, entries, {
      lineRows: MAX_SCOPE_ENTRIES,
      bytes: MAX_TABLE_BYTES,
      missing: 'throw',
    });
    if (!body) {
      for (const { scope } of entries) flooded.add(scope);
      continue;
    }
    for (const block of body.gone) add(table, block.scope, goneLine(block));
    for (const block of body.rows) add(table, block.scope, rowsLine(ctx.app, block));
  }
  return lines;
};
