import type { Outcome } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';

/**
 * Outcomes without the images of rows that none of the reader's scopes holds in this
 * snapshot: it may have lost sight of what it wrote (rule 66).
 */
export const outcomesInSight = async (
  ctx: Pick<ServerContext, 'tableIds'>,
  tx: Queryable,
  scopes: readonly string[],
  outcomes: readonly Outcome[],
): Promise<readonly Outcome[]> => {
  const told = outcomes.flatMap(({ changes }) => changes.filter(({ row }) => row));
  if (told.length === 0) return outcomes;
  const { rows } = await tx.query<{ place: number }>(
    `select k.place::int as place
     from unnest($1::smallint[], $2::text[]) with ordinality k(table_id, key, place)
     where exists (
       select from satchel.entries e
       where e.table_id = k.table_id and e.key = k.key and e.present and e.scope = any($3::text[]))`,
    [told.map(({ table }) => ctx.tableIds.get(table)), told.map(({ key, newKey }) => newKey ?? key), scopes],
    'outcomes_in_sight',
  );
  if (rows.length === told.length) return outcomes;
  const seen = new Set(rows.map(({ place }) => told[place - 1]));
  return outcomes.map((outcome) => ({
    ...outcome,
    changes: outcome.changes.map((change) => {
      if (!change.row || seen.has(change)) return change;
      const { row, ...rest } = change;
      return rest;
    }),
  }));
};
