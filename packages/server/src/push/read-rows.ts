import type { Value } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import { together } from '../postgres/together.ts';
import { keyOfAddress, type RowAddress, rowAddress, tableOf } from './row-address.ts';
import type { RowState } from './row-state.ts';
import { tableSql, valuesFromJson } from './table-sql.ts';

/** A row that a batch touches; `history`: it matters whether it was ever there. */
export type Wanted = ReadonlyMap<RowAddress, { readonly history: boolean }>;

/**
 * Locks and reads rows in the order of the app's tables and of their keys, so that two
 * batches never wait for each other in a circle, and then, under the locks, what their
 * entries say (rule 61).
 */
export const readRows = async (
  ctx: ServerContext,
  tx: Queryable,
  wanted: Wanted,
): Promise<Map<RowAddress, RowState>> => {
  const keys = new Map<string, string[]>();
  for (const address of wanted.keys()) {
    const table = tableOf(address);
    const list = keys.get(table);
    if (list) list.push(keyOfAddress(address));
    else keys.set(table, [keyOfAddress(address)]);
  }
  const found = new Map<RowAddress, RowState['values']>();
  const lockRows = async (table: Table, list: readonly string[]): Promise<void> => {
    const { lock } = tableSql(table);
    const { rows } = await tx.query<{ rows: readonly [string, readonly Value[]][] }>(
      lock.text,
      [list],
      lock.name,
    );
    for (const [key, values] of rows[0]?.rows ?? []) {
      found.set(rowAddress(table.name, key), valuesFromJson(table, values));
    }
  };
  const locked = ctx.app.tableOrder.map((name) => {
    const list = keys.get(name);
    const table = ctx.app.tables[name];
    return list === undefined || table === undefined ? undefined : lockRows(table, list);
  });
  const entries = await entriesUnder(ctx, tx, wanted, together(locked), found);
  const states = new Map<RowAddress, RowState>();
  for (const address of wanted.keys()) {
    const values = found.get(address) ?? null;
    const entry = entries.get(address);
    states.set(address, {
      values,
      version: entry?.version ?? 0,
      scopes: (values === null ? entry?.gone : entry?.present) ?? [],
      deleted: values === null && (entry?.gone.length ?? 0) > 0,
    });
  }
  return states;
};

/**
 * What the entries say of the rows that are there, and of those whose history matters:
 * sent right behind the locks where that is all of them.
 */
const entriesUnder = async (
  ctx: ServerContext,
  tx: Queryable,
  wanted: Wanted,
  locked: Promise<unknown>,
  found: ReadonlyMap<RowAddress, unknown>,
): Promise<ReadonlyMap<RowAddress, EntryState>> => {
  if ([...wanted.values()].every(({ history }) => history)) {
    const [, entries] = await together([locked, readEntries(ctx, tx, [...wanted.keys()])]);
    return entries;
  }
  await locked;
  const known = [...wanted].flatMap(([address, { history }]) =>
    history || found.has(address) ? [address] : [],
  );
  return readEntries(ctx, tx, known);
};

interface EntryState {
  readonly version: number;
  readonly present: readonly string[];
  /** Scopes that held the row when it was deleted. */
  readonly gone: readonly string[];
}

const readEntries = async (
  ctx: ServerContext,
  tx: Queryable,
  addresses: readonly RowAddress[],
): Promise<ReadonlyMap<RowAddress, EntryState>> => {
  if (addresses.length === 0) return new Map();
  const { rows } = await tx.query<{ place: number; version: number; present: string[]; gone: string[] }>(
    `select k.place::int as place, max(e.version) as version,
            coalesce(array_agg(e.scope) filter (where e.present), '{}') as present,
            coalesce(array_agg(e.scope) filter (where e.deleted and not e.present), '{}') as gone
       from unnest($1::smallint[], $2::text[]) with ordinality k(table_id, key, place)
       join satchel.entries e on e.table_id = k.table_id and e.key = k.key
      group by k.place`,
    [addresses.map((address) => ctx.tableIds.get(tableOf(address))), addresses.map(keyOfAddress)],
    'push_entries',
  );
  return new Map(rows.map((row) => [addresses[row.place - 1]!, row]));
};
