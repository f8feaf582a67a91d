import type { Queryable } from './database.ts';

export const readTableIds = async (db: Queryable): Promise<ReadonlyMap<string, number>> => {
  const there = await db.query<{ there: boolean }>(
    `select to_regclass('satchel.tables') is not null as there`,
  );
  if (there.rows[0]?.there !== true) return new Map();
  const { rows } = await db.query<{ name: string; table_id: number }>(
    'select name, table_id from satchel.tables',
  );
  return new Map(rows.map(({ name, table_id }) => [name, table_id]));
};
