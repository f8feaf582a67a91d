import { type Conflict, type ConflictList, SatchelError } from '@satchel/protocol';
import { isAdministrator, type Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { scopesFor } from '../pull/scopes.ts';
import { CONFLICT_COLUMNS, CONFLICT_SOURCE, type ConflictRow, readConflict } from './conflict-row.ts';
import { maySee, type Reach, reachOf, shownConflict } from './sight.ts';

export interface ConflictFilter {
  readonly state?: Conflict['state'] | undefined;
  readonly table?: string | undefined;
  /** Those of this client, and those that are left to the caller: to a role, or to the administrators. */
  readonly clientId?: string | undefined;
  /** Those of this client alone. */
  readonly device?: string | undefined;
  readonly kind?: Conflict['kind'] | undefined;
  readonly key?: string | undefined;
  /** One of the columns that clash. */
  readonly column?: string | undefined;
  readonly policy?: string | undefined;
  /** User who wrote. */
  readonly author?: string | undefined;
  /** Made at or after, and before; UTC milliseconds. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** The `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Conflicts that the principal may see, the newest first, a page at a time. */
export const listConflicts = async (
  ctx: ServerContext,
  principal: Principal,
  filter: ConflictFilter,
): Promise<ConflictList> => {
  const scopes = await scopesFor(ctx, ctx.db, principal);
  const place = placeOf(filter.after);
  const { rows } = await ctx.db.query<ConflictRow>(
    `select ${CONFLICT_COLUMNS} from ${CONFLICT_SOURCE}
      where ($1::text is null or c.state = $1) and ($2::text is null or t.name = $2)
        and ($3::uuid is null or c.client_id = $3 or c.decided_who ->> 'role' = any($8::text[])
          or ($6 and c.decided_who = '"administrators"'))
        and ($18::uuid is null or c.client_id = $18)
        and ($4::bigint is null or (c.created_at, c.conflict_id) < ($4, $5::uuid))
        and ($6 or c.principal = $7
          or (c.decided_who ->> 'role' = any($8::text[])
              and exists (select from satchel.entries e
                           where e.table_id = c.table_id and e.key = c.key and (e.present or e.deleted)
                             and e.scope = any($9::text[]))))
        and ($11::text is null or c.kind = $11) and ($12::text is null or c.key = $12)
        and ($13::text is null or $13 = any(c.columns)) and ($14::text is null or c.policy = $14)
        and ($15::text is null or c.author = $15)
        and c.created_at >= coalesce($16::bigint, 0) and ($17::bigint is null or c.created_at < $17)
      order by c.created_at desc, c.conflict_id desc
      limit $10`,
    [
      filter.state ?? null,
      filter.table ?? null,
      filter.clientId ?? null,
      place?.at ?? null,
      place?.conflictId ?? null,
      isAdministrator(ctx.app, principal),
      principal.id,
      [...principal.roles],
      scopes,
      filter.limit + 1,
      filter.kind ?? null,
      filter.key ?? null,
      filter.column ?? null,
      filter.policy ?? null,
      filter.author ?? null,
      filter.since ?? null,
      filter.until ?? null,
      filter.device ?? null,
    ],
    'conflicts_list',
  );
  const page = rows.slice(0, filter.limit);
  const reach = await reachOf(ctx, ctx.db, page, scopes);
  const last = page.at(-1);
  return {
    conflicts: page.map((row, index) => shownConflict(ctx, principal, row, reach[index]!)),
    ...(rows.length > page.length && last ? { next: `${last.created_at}.${last.conflict_id}` } : {}),
  };
};

/** A conflict that the principal may see, and what his scopes say of it. */
export const conflictInSight = async (
  ctx: ServerContext,
  principal: Principal,
  conflictId: string,
): Promise<{ readonly row: ConflictRow; readonly reach: Reach }> => {
  const row = await readConflict(ctx.db, conflictId, false);
  if (row !== undefined) {
    const [reach] = await reachOf(ctx, ctx.db, [row], await scopesFor(ctx, ctx.db, principal));
    if (reach && maySee(ctx, principal, row, reach)) return { row, reach };
  }
  throw new SatchelError('conflict_unknown', { conflictId });
};

/** @throws `conflict_unknown`, also for one that the principal may not see */
export const showConflict = async (
  ctx: ServerContext,
  principal: Principal,
  conflictId: string,
): Promise<Conflict> => {
  const { row, reach } = await conflictInSight(ctx, principal, conflictId);
  return shownConflict(ctx, principal, row, reach);
};

const PLACE = /^(\d{1,16})\.([0-9a-f-]{36})$/;

const placeOf = (
  after: string | undefined,
): { readonly at: number; readonly conflictId: string } | undefined => {
  if (after === undefined) return undefined;
  const match = PLACE.exec(after);
  if (!match) throw new SatchelError('request_invalid', { path: 'after', reason: 'has the wrong format' });
  return { at: Number(match[1]), conflictId: match[2]! };
};
