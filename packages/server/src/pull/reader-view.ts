import { createHash } from 'node:crypto';
import type { Column } from '@satchel/core';
import { type Comparison, SatchelError } from '@satchel/protocol';
import {
  type App,
  lowerColumns,
  lowerPage,
  mayDo,
  readableColumns,
  type Table,
  viewHash,
  viewOf,
} from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { checkComparison } from './filter.ts';
import type { Reader } from './reader.ts';

/** What one reader may see of one table. Readers with the same `hash` get the same bytes. */
export interface TableView {
  readonly table: Table;
  readonly tableId: number;
  /** The table's name in the reader's schema version. */
  readonly wire: string;
  /** The reader's schema version, where its rows are of another form than the table's. */
  readonly lowered: number | undefined;
  /** Readable columns in the order of their declaration, without those of the key. */
  readonly columns: readonly Column[];
  /** In the names of the table as it is now. */
  readonly filter: readonly Comparison[];
  readonly hash: string;
}

/** What one reader may see of the app. */
export interface ReaderView {
  readonly app: App;
  readonly version: number;
  /** By table number. */
  readonly tables: ReadonlyMap<number, TableView>;
  /** Table numbers, the most urgent lane first. */
  readonly order: readonly number[];
  /** By table number, as the cursor keeps them. */
  readonly hashes: Readonly<Record<string, string>>;
  /** Names of all tables in the reader's version, also of those that it may not read. */
  readonly names: ReadonlyMap<number, string>;
}

/** Different sights of one app that are kept; each is a few kilobytes. */
const REMEMBERED = 1_000;

const remembered = new WeakMap<object, Map<string, ReaderView>>();

/**
 * What a reader may see of the app, narrowed by what it asks for. Readers of the same
 * roles, version and wishes share one.
 *
 * @throws `filter_invalid` for a filter on a column that it may not read, so that a
 * filter never tells what a hidden column holds; `table_unknown`
 */
export const readerView = (
  ctx: Pick<ServerContext, 'app' | 'tableIds'>,
  reader: Pick<Reader, 'principal' | 'subscription' | 'schemaVersion'>,
): ReaderView => {
  const { principal, subscription, schemaVersion } = reader;
  const name = JSON.stringify([
    schemaVersion,
    [...principal.roles].sort(),
    principal.channel,
    subscription?.tables,
    subscription?.filters,
  ]);
  const views = remembered.get(ctx.tableIds) ?? new Map<string, ReaderView>();
  remembered.set(ctx.tableIds, views);
  let view = views.get(name);
  if (!view) {
    view = buildView(ctx, reader);
    if (views.size >= REMEMBERED) views.clear();
    views.set(name, view);
  }
  return view;
};

const buildView = (
  { app, tableIds }: Pick<ServerContext, 'app' | 'tableIds'>,
  { principal, subscription, schemaVersion }: Pick<Reader, 'principal' | 'subscription' | 'schemaVersion'>,
): ReaderView => {
  const wanted = subscription?.tables && new Set(subscription.tables);
  const filters = subscription?.filters ?? {};
  const tables = new Map<number, TableView>();
  const hashes: Record<string, string> = {};
  const names = new Map<number, string>();
  const known = viewOf(app, schemaVersion).tables;
  for (const [wire, { current, columns: formerly }] of Object.entries(known)) {
    const table = app.tables[current]!;
    const tableId = tableIds.get(current);
    if (tableId === undefined) continue;
    names.set(tableId, wire);
    if (wanted && !wanted.has(wire)) continue;
    if (!mayDo(table, 'read', principal.roles, principal.channel)) continue;
    const readable = readableColumns(table, principal.roles);
    const asked = Object.hasOwn(filters, wire) ? filters[wire]! : [];
    const filter = asked.map((comparison) =>
      currentComparison(app, schemaVersion, table, readable, comparison),
    );
    for (const comparison of filter) checkComparison(table, readable, comparison);
    const shape = loweredShape(app, schemaVersion, current, readable);
    const seen = viewHash({ name: wire, columns: formerly }, shape.toSorted());
    const hash = filter.length === 0 ? seen : `${seen}.${hashOf(asked)}`;
    tables.set(tableId, {
      table,
      tableId,
      wire,
      lowered: isLowered(wire, current, shape, readable) ? schemaVersion : undefined,
      columns: readable
        .filter((name) => !table.primaryKey.includes(name))
        .map((name) => table.columns[name]!),
      filter,
      hash,
    });
    hashes[tableId] = hash;
  }
  for (const name of [...Object.keys(filters), ...(subscription?.tables ?? [])]) {
    if (!Object.hasOwn(known, name)) throw new SatchelError('table_unknown', { table: name });
  }
  const lane = (tableId: number): number => app.lanes.indexOf(tables.get(tableId)!.table.lane);
  const order = [...tables.keys()].sort((a, b) => lane(a) - lane(b) || a - b);
  return { app, version: schemaVersion, tables, order, hashes, names };
};

/** Names of the columns that a page for an older version has when these are read. */
const loweredShape = (
  app: App,
  version: number,
  table: string,
  readable: readonly string[],
): readonly string[] => {
  const empty = Object.fromEntries(readable.map((name) => [name, []]));
  return Object.keys(lowerPage(app, version, table, empty, 0)?.columns ?? {});
};

const isLowered = (
  wire: string,
  current: string,
  shape: readonly string[],
  readable: readonly string[],
): boolean => wire !== current || shape.toSorted().join() !== readable.toSorted().join();

/** A comparison in the names of now. What a split made of a column cannot be compared in SQL. */
const currentComparison = (
  app: App,
  version: number,
  table: Table,
  readable: readonly string[],
  comparison: Comparison,
): Comparison => {
  if (version === app.schemaVersion) return comparison;
  const wasSplit = app.history.some(
    ({ to, changes }) =>
      to > version &&
      changes.some((change) => change.kind === 'split' && change.from.includes(comparison.column)),
  );
  const column = wasSplit
    ? undefined
    : readable.find((name) => lowerColumns(app, version, table.name, [name])[0] === comparison.column);
  if (column === undefined) {
    throw new SatchelError('filter_invalid', { table: table.name, column: comparison.column });
  }
  return { ...comparison, column };
};

/** The tables to copy, in steps: those of one lane are walked together. */
export const laneSteps = (
  view: ReaderView,
  tableIds: readonly number[],
): { readonly now: readonly number[]; readonly rest: readonly number[] } => {
  const ordered = view.order.filter((tableId) => tableIds.includes(tableId));
  const lane = ordered[0] === undefined ? undefined : view.tables.get(ordered[0])!.table.lane;
  return {
    now: ordered.filter((tableId) => view.tables.get(tableId)!.table.lane === lane),
    rest: ordered.filter((tableId) => view.tables.get(tableId)!.table.lane !== lane),
  };
};

/** Names on the wire; tables that the reader's version does not know are left out. */
export const namesOf = (view: ReaderView, tableIds: readonly number[]): string[] =>
  tableIds.flatMap((tableId) => view.names.get(tableId) ?? []);

const hashOf = (data: unknown): string =>
  createHash('sha256').update(JSON.stringify(data)).digest('base64url').slice(0, 12);
