import { mayDo, type Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { cursorToPosition } from '../pull/position.ts';
import { scopesFor } from '../pull/scopes.ts';
import { tokenToCursor } from '../pull/token.ts';
import type { GatheredRow } from './gather.ts';

/** Of rows that went from a scope, those that another scope of the principal still holds. */
export const heldElsewhere = async (
  ctx: ServerContext,
  principal: Principal,
  gone: readonly GatheredRow[],
): Promise<ReadonlySet<GatheredRow>> => {
  if (gone.length === 0) return new Set();
  const { rows } = await ctx.db.query<{ place: number }>(
    `select k.place::int as place
       from unnest($1::smallint[], $2::text[]) with ordinality k(table_id, key, place)
      where exists (select from satchel.entries e
                     where e.table_id = k.table_id and e.key = k.key and e.present and e.scope = any($3::text[]))`,
    [
      gone.map(({ table }) => ctx.tableIds.get(table.name)),
      gone.map(({ key }) => key),
      await scopesFor(ctx, ctx.db, principal),
    ],
    'dialects_held_elsewhere',
  );
  const { roles, channel } = principal;
  return new Set(
    rows.map(({ place }) => gone[place - 1]!).filter(({ table }) => mayDo(table, 'read', roles, channel)),
  );
};

/**
 * The rows that a device can have had of a scope which is no longer its own: those that
 * the cursor saw there. Nothing that came later is named.
 */
export const keysOfScope = async (
  ctx: ServerContext,
  scope: string,
  cursor: string | null,
): Promise<readonly { readonly table: string; readonly key: string; readonly version: number }[]> => {
  const snapshot = cursor === null ? undefined : cursorToPosition(tokenToCursor(cursor)).scopes.get(scope)?.s;
  if (snapshot === undefined) return [];
  const { rows } = await ctx.db.query<{ table: string; key: string; version: number }>(
    `select t.name as table, e.key, e.version
       from satchel.entries e join satchel.tables t on t.table_id = e.table_id
      where e.scope = $1
        and (pg_visible_in_snapshot(e.xid, $2::pg_snapshot) and e.present
          or not pg_visible_in_snapshot(e.xid, $2::pg_snapshot)
             and coalesce((select a.op <> 'insert' or pg_visible_in_snapshot(a.xid, $2::pg_snapshot)
                             from satchel.audit a where a.table_id = e.table_id and a.key = e.key
                            order by a.audit_id limit 1), true))`,
    [scope, snapshot],
    'dialects_keys_of_scope',
  );
  return rows;
};
