import type { Table } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { type RowAddress, rowAddress } from '../push/row-address.ts';

/** Versions of rows as they are now; rows that never were are left out. */
export const versionsOf = async (
  ctx: ServerContext,
  asked: readonly { readonly table: Table; readonly key: string }[],
): Promise<ReadonlyMap<RowAddress, number>> => {
  if (asked.length === 0) return new Map();
  const { rows } = await ctx.db.query<{ place: number; version: number }>(
    `select k.place::int as place, max(e.version) as version
       from unnest($1::smallint[], $2::text[]) with ordinality k(table_id, key, place)
       join satchel.entries e on e.table_id = k.table_id and e.key = k.key
      group by k.place`,
    [asked.map(({ table }) => ctx.tableIds.get(table.name)), asked.map(({ key }) => key)],
    'dialects_versions',
  );
  return new Map(
    rows.map(({ place, version }) => [
      rowAddress(asked[place - 1]!.table.name, asked[place - 1]!.key),
      version,
    ]),
  );
};
