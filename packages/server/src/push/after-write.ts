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

/** Rows that were written, as they are then. */
export interface AfterWrite {
  readonly rows: ReadonlyMap<RowAddress, WrittenRow>;
  /** Values that the database may have given another form. */
  readonly again: ReadonlyMap<RowAddress, Values>;
}

/**
 * Versions and scopes of the rows that were written, as the capture triggers left them;
 * and the rows of tables whose values the database may have given another form: by
 * identity columns, by triggers of the app (besides those of capture and of
 * constraints), or because the table was adopted.
 */
export const readWritten = async (
  ctx: ServerContext,
  tx: Queryable,
  effects: readonly NetEffect[],
  scopes: readonly string[],
): Promise<AfterWrite> => {
  if (effects.length === 0) return { rows: new Map(), again: new Map() };
  const keys = keysByTable(effects);
  const names = [...keys.keys()];
  const { rows } = await tx.query<{
    written: readonly [number, number, boolean][];
    triggered: readonly number[];
  }>(
    `with written as (
       select k.place, max(e.version) as version,
              bool_or(e.present and e.scope = any($3::text[])) as in_reach
         from unnest($1::smallint[], $2::text[]) with ordinality k(table_id, key, place)
         join satchel.entries e on e.table_id = k.table_id and e.key = k.key
        group by k.place
     )
     select (select coalesce(json_agg(json_build_array(place, version, in_reach)), '[]') from written) as written,
            array(select distinct r.place::int
                    from unnest($4::text[]) with ordinality r(name, place)
                    join pg_trigger t on t.tgrelid = r.name::regclass
                    join pg_proc p on p.oid = t.tgfoid
                   where not t.tgisinternal and p.pronamespace <> 'satchel'::regnamespace) as triggered`,
    [
      effects.map(({ address }) => ctx.tableIds.get(tableOf(address))),
      effects.map(({ address }) => keyOfAddress(address)),
      scopes,
      names.map((name) => tableSql(ctx.app.tables[name]!).relation.sql),
    ],
    'push_written',
  );
  const triggered = new Set(rows[0]?.triggered.map((place) => names[place - 1]!));
  return {
    rows: new Map(
      (rows[0]?.written ?? []).map(([place, version, inReach]) => [
        effects[place - 1]!.address,
        { version, inReach },
      ]),
    ),
    again: await readAgain(ctx, tx, keys, triggered),
  };
};

/** Keys of the rows that are there after it, by table. */
const keysByTable = (effects: readonly NetEffect[]): ReadonlyMap<string, readonly string[]> => {
  const keys = new Map<string, string[]>();
  for (const { address, after } of effects) {
    if (after === null) continue;
    const list = keys.get(tableOf(address));
    if (list) list.push(keyOfAddress(address));
    else keys.set(tableOf(address), [keyOfAddress(address)]);
  }
  return keys;
};

const readAgain = async (
  ctx: ServerContext,
  tx: Queryable,
  keys: ReadonlyMap<string, readonly string[]>,
  triggered: ReadonlySet<string>,
): Promise<ReadonlyMap<RowAddress, Values>> => {
  const again = new Map<RowAddress, Values>();
  for (const [name, list] of keys) {
    const table = ctx.app.tables[name];
    if (table === undefined) continue;
    const given = Object.values(table.columns).some(isServerGiven);
    if (!given && table.adopt === undefined && !triggered.has(name)) continue;
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
