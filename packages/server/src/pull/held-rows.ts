import type { Queryable } from '../postgres/database.ts';
import type { TableView } from './reader-view.ts';
import { type RowBlock, readRows, type WantedRow } from './rows.ts';

/** Keys of one table that are present in one scope, after `afterKey`, by code unit. */
export const heldKeys = async (
  tx: Queryable,
  scope: string,
  tableId: number,
  afterKey: string,
  limit: number,
): Promise<WantedRow[]> => {
  const { rows } = await tx.query<WantedRow>(
    `select e.scope, e.key, e.version from satchel.entries e
     where e.scope = $1 and e.table_id = $2 and e.present and e.key > $3 collate "C"
     order by e.key collate "C"
     limit $4`,
    [scope, tableId, afterKey, limit],
    'held_keys',
  );
  return rows;
};

/** Those of the named rows that are present in the scope. */
export const heldAmong = async (
  tx: Queryable,
  scope: string,
  tableId: number,
  keys: readonly string[],
): Promise<WantedRow[]> => {
  const { rows } = await tx.query<WantedRow>(
    `select e.scope, e.key, e.version from satchel.entries e
     where e.table_id = $2 and e.key = any($3::text[]) and e.scope = $1 and e.present
     order by e.key collate "C"`,
    [scope, tableId, keys],
    'held_among',
  );
  return rows;
};

/** The rows themselves that pass the reader's filter, in the order of `wanted`. Rows that are not there are left out. */
export const readHeld = async (
  tx: Queryable,
  table: TableView,
  wanted: readonly WantedRow[],
): Promise<RowBlock | undefined> => (await readRows(tx, table, wanted)).blocks[0];
