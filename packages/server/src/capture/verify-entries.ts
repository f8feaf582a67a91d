import type { App } from '@satchel/schema';
import type { Database, Transaction } from '../postgres/database.ts';
import type { CapturedTable } from './captured-table.ts';
import { type EntryDifference, type EntryState, entryDifferences } from './entry-differences.ts';
import { readCapturedTables } from './plan-capture.ts';

export interface EntryVerification {
  /** How many differ, by table; tables without differences are left out. */
  readonly counts: ReadonlyMap<string, number>;
  /** The first of them, table by table. */
  readonly differences: readonly EntryDifference[];
}

/**
 * Derives from the rows which entries there should be, and names those that differ:
 * what went round the triggers. Reads every synced row in one snapshot.
 *
 * @param limit How many differences to name. Default 1,000.
 */
export const verifyEntries = (
  db: Database,
  app: App,
  tableIds: ReadonlyMap<string, number>,
  limit = 1_000,
): Promise<EntryVerification> =>
  db.transaction('snapshot', async (tx) => {
    const counts = new Map<string, number>();
    const differences: EntryDifference[] = [];
    for (const captured of await readCapturedTables(tx, app, tableIds)) {
      const table = captured.table.name;
      const { rows } = await tx.query<{ key: string; scope: string; state: EntryState; total: string }>(
        `select d.key, d.scope, d.state, count(*) over () as total
        from (${entryDifferences(captured)}) d order by d.key, d.scope limit $1`,
        [limit],
      );
      const [first] = rows;
      if (first === undefined) continue;
      counts.set(table, Number(first.total));
      for (const { key, scope, state } of rows.slice(0, limit - differences.length)) {
        differences.push({ table, key, scope, state });
      }
    }
    return { counts, differences };
  });

/** Rows settled by one statement. */
const PAGE_KEYS = 10_000;

/**
 * Settles every row of the table whose entries differ, page by page in the caller's
 * transaction, under a lock that keeps writers of the table out. Returns how many.
 */
export const settleDifferences = async (tx: Transaction, captured: CapturedTable): Promise<number> => {
  await tx.query(`lock table ${captured.relation.sql} in share row exclusive mode`);
  await tx.query(
    `declare satchel_differences no scroll cursor for
    select d.key from (${entryDifferences(captured)}) d group by d.key order by d.key`,
  );
  let settled = 0;
  for (;;) {
    const { rows } = await tx.query<{ key: string }>(`fetch ${PAGE_KEYS} from satchel_differences`);
    if (rows.length === 0) break;
    await tx.query(`select satchel.settle_${captured.id}($1, 'force')`, [rows.map(({ key }) => key)]);
    settled += rows.length;
  }
  await tx.query('close satchel_differences');
  return settled;
};

/**
 * Puts right what `verifyEntries` finds, table by table, parents first, each in a
 * transaction of its own that keeps the table's writers waiting. Returns how many rows
 * were settled.
 */
export const repairEntries = async (
  db: Database,
  app: App,
  tableIds: ReadonlyMap<string, number>,
): Promise<number> => {
  let settled = 0;
  for (const captured of await readCapturedTables(db, app, tableIds)) {
    settled += await db.transaction('write', (tx) => settleDifferences(tx, captured));
  }
  return settled;
};
