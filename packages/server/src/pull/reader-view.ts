import { createHash } from 'node:crypto';
import type { Column } from '@satchel/core';
import { type Comparison, SatchelError } from '@satchel/protocol';
import type { Access, Principal, Table } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { checkComparison } from './filter.ts';
import type { Reader } from './reader.ts';

/** What one reader may see of one table. Readers with the same `hash` get the same bytes. */
export interface TableView {
  readonly table: Table;
  readonly tableId: number;
  /** Readable columns in the order of their declaration, without those of the key. */
  readonly columns: readonly Column[];
  readonly filter: readonly Comparison[];
  readonly hash: string;
}

/** What one reader may see of the app. */
export interface ReaderView {
  /** By table number. */
  readonly tables: ReadonlyMap<number, TableView>;
  /** Table numbers, the most urgent lane first. */
  readonly order: readonly number[];
  /** By table name, as the cursor keeps them. */
  readonly hashes: Readonly<Record<string, string>>;
}

/** Whether one of the roles is among those allowed; `'*'` is any signed-in user. */
const isAllowed = (allowed: readonly string[], roles: readonly string[]): boolean =>
  allowed.some((role) => role === '*' || roles.includes(role));

const mayRead = (access: Access, principal: Principal): boolean =>
  isAllowed(access.operations.read, principal.roles) &&
  (access.channels[principal.channel]?.includes('read') ?? true);

/** Names of the columns that the roles may read, those of the key among them. */
export const readableColumns = (table: Table, roles: readonly string[]): readonly string[] =>
  Object.keys(table.columns).filter((name) => {
    if (table.primaryKey.includes(name)) return true;
    const narrower = table.access.columns[name]?.read;
    return narrower === undefined || isAllowed(narrower, roles);
  });

/**
 * What a principal may see of the app, narrowed by what it asks for. Throws
 * `filter_invalid` for a filter on a column that it may not read, so that a filter
 * never tells what a hidden column holds.
 */
export const readerView = (
  ctx: Pick<ServerContext, 'app' | 'tableIds'>,
  { principal, subscription }: Pick<Reader, 'principal' | 'subscription'>,
): ReaderView => {
  const { app, tableIds } = ctx;
  const wanted = subscription?.tables && new Set(subscription.tables);
  const tables = new Map<number, TableView>();
  const hashes: Record<string, string> = {};
  for (const table of Object.values(app.tables)) {
    const tableId = tableIds.get(table.name);
    if (tableId === undefined || (wanted && !wanted.has(table.name))) continue;
    if (!mayRead(table.access, principal)) continue;
    const readable = readableColumns(table, principal.roles);
    const columns = readable
      .filter((name) => !table.primaryKey.includes(name))
      .map((name) => table.columns[name]!);
    const filter = subscription?.filters?.[table.name] ?? [];
    for (const comparison of filter) checkComparison(table, readable, comparison);
    const hash = hashOf([table.primaryKey, columns.map(({ name, type }) => [name, type]), filter]);
    tables.set(tableId, { table, tableId, columns, filter, hash });
    hashes[table.name] = hash;
  }
  for (const name of Object.keys(subscription?.filters ?? {})) {
    if (!Object.hasOwn(app.tables, name)) throw new SatchelError('table_unknown', { table: name });
  }
  const lane = (tableId: number): number => app.lanes.indexOf(tables.get(tableId)!.table.lane);
  const order = [...tables.keys()].sort((a, b) => lane(a) - lane(b) || a - b);
  return { tables, order, hashes };
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

const hashOf = (data: unknown): string =>
  createHash('sha256').update(JSON.stringify(data)).digest('base64url').slice(0, 12);
