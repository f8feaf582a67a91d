import type { ServerContext } from '../context.ts';
import { hasKey } from './captured-table.ts';
import { readCapturedTables } from './plan-capture.ts';

/** Registry rows looked at in one transaction. */
const PAGE_KEYS = 10_000;

/**
 * Deletes registry rows whose rows are gone. Part of the maintenance loop, seldom: they
 * do no harm. Rows that a writer has locked stay: it may be about to insert the row.
 * Returns how many went.
 */
export const sweepRegistry = async (ctx: ServerContext): Promise<number> => {
  let swept = 0;
  for (const captured of await readCapturedTables(ctx.db, ctx.app, ctx.tableIds)) {
    if (captured.graph.children.length === 0 && captured.graph.memberships.length === 0) continue;
    let after = '';
    for (;;) {
      const { rows } = await ctx.db.query<{ key: string }>(
        `select key from satchel.registry where table_id = $1 and key > $2 order by key limit ${PAGE_KEYS}`,
        [captured.id, after],
      );
      const last = rows.at(-1);
      if (last === undefined) break;
      after = last.key;
      const { rowCount } = await ctx.db.query(
        `delete from satchel.registry g
        using (
          select r.key
          from unnest($2::text[]) k(key)
          join satchel.registry r on r.table_id = $1 and r.key = k.key
          where not exists (select from ${captured.relation.sql} t where ${hasKey(captured, 't', 'k.key')})
          for update of r skip locked
        ) s
        where g.table_id = $1 and g.key = s.key`,
        [captured.id, rows.map(({ key }) => key)],
      );
      swept += rowCount;
    }
  }
  return swept;
};
