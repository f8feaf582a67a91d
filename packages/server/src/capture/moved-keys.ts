import type { ServerContext } from '../context.ts';

/** Keys taken in one transaction. */
const PAGE_KEYS = 1_000;

/**
 * Looks again at the keys that writers above READ COMMITTED left: their snapshot may
 * have missed children, members or parents that committed meanwhile. Part of the
 * maintenance loop; any number of nodes may run it at once. Returns how many keys it
 * settled.
 */
export const runMoved = async (ctx: ServerContext): Promise<number> => {
  const known = new Set(ctx.tableIds.values());
  let settled = 0;
  for (;;) {
    const taken = await ctx.db.transaction('write', async (tx) => {
      const { rows } = await tx.query<{ table_id: number; keys: string[]; taken: string }>(
        TAKE,
        [PAGE_KEYS],
        'moved_take',
      );
      for (const { table_id, keys } of rows) {
        if (known.has(table_id)) await tx.query(`select satchel.settle_${table_id}($1, 'force')`, [keys]);
      }
      return rows.reduce((sum, row) => sum + Number(row.taken), 0);
    });
    settled += taken;
    if (taken < PAGE_KEYS) return settled;
  }
};

const TAKE = `
with taken as (
  delete from satchel.moved m
  using (
    select table_id, key, xid from satchel.moved
    order by table_id, key, xid limit $1
    for update skip locked
  ) t
  where m.table_id = t.table_id and m.key = t.key and m.xid = t.xid
  returning m.table_id, m.key
)
select table_id, array_agg(distinct key order by key) as keys, count(*) as taken
from taken group by table_id order by table_id`;
