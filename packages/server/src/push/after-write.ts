import type { Value, Values } from '@satchel/protocol';
import { isServerGiven } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import { keyOfAddress, type RowAddress, rowAddress, tableOf } from './row-address.ts';
import { tableSql, valuesFromJson } from './table-sql.ts';
import type { NetEffect } from './write-rows.ts';

/** What the database made of a row that was written. */
export interface WrittenRow {
  readonly version: number;
  /** One of the principal's scopes holds it now. */
  readonly inReach: boolean;
}

/** Versions and scopes of the rows that were written, as the capture triggers left them. */
export const readWritten = async (
  ctx: ServerContext,
  tx: Queryable,
  effects: readonly NetEffect[],
  scopes: readonly string[],
): Promise<ReadonlyMap<RowAddress, WrittenRow>> => {
  if (effects.length === 0) return new Map();
  const { rows } = await tx.query<{ written: readonly [number, number, boolean][] }>(
    `with written as (
       select k.place, max(e.version) as version,
              bool_or(e.present and e.scope = any($3::text[])) as in_reach
         from unnest($1::smallint[], $2::text[]) with ordinality k(table_id, key, place)
         join satchel.entries e on e.table_id = k.table_id and e.key = k.key
        group by k.place
     )
     select coalesce(json_agg(json_build_array(place, version, in_reach)), '[]') as written from written`,
    [
      effects.map(({ address }) => ctx.tableIds.get(tableOf(address))),
      effects.map(({ address }) => keyOfAddress(address)),
      scopes,
    ],
    'push_written',
  );
  return new Map(
    (rows[0]?.written ?? []).map(([place, version, inReach]) => [
      effects[place - 1]!.address,
      { version, inReach },
    ]),
  );
};

/**
 * Rows whose values the database may have given another form: by identity columns, by
 * triggers of the app, or because the table was adopted.
 */
export const readAgain = async (
  ctx: ServerContext,
  tx: Queryable,
  effects: readonly NetEffect[],
): Promise<ReadonlyMap<RowAddress, Values>> => {
  const keys = new Map<string, string[]>();
  for (const { address, after } of effects) {
    if (after === null) continue;
    const list = keys.get(tableOf(address));
    if (list) list.push(keyOfAddress(address));
    else keys.set(tableOf(address), [keyOfAddress(address)]);
  }
  const again = new Map<RowAddress, Values>();
  const withTriggers = await tablesWithTriggers(ctx, tx, [...keys.keys()]);
  for (const [name, list] of keys) {
    const table = ctx.app.tables[name];
    if (table === undefined) continue;
    const given = Object.values(table.columns).some(isServerGiven);
    if (!given && table.adopt === undefined && !withTriggers.has(name)) continue;
    const { read } = tableSql(table);
    const { rows } = await tx.query<{ rows: readonly [string, readonly Value[]][] }>(
      read.text,
      [list],
      read.name,
    );
    for (const [key, values] of rows[0]?.rows ?? [])
      again.set(rowAddress(name, key), valuesFromJson(table, values));
  }
  return again;
};

/** Tables that have triggers besides those of capture and of constraints. */
const tablesWithTriggers = async (
  ctx: ServerContext,
  tx: Queryable,
  names: readonly string[],
): Promise<ReadonlySet<string>> => {
  const relations = names.map((name) => tableSql(ctx.app.tables[name]!).relation.sql);
  const { rows } = await tx.query<{ place: number }>(
    `select distinct r.place::int as place
       from unnest($1::text[]) with ordinality r(name, place)
       join pg_trigger t on t.tgrelid = r.name::regclass
       join pg_proc p on p.oid = t.tgfoid
      where not t.tgisinternal and p.pronamespace <> 'satchel'::regnamespace`,
    [relations],
    'push_triggers',
  );
  return new Set(rows.map(({ place }) => names[place - 1]!));
};
