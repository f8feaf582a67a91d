import { MAX_SCOPE_LENGTH, SatchelError, type Subscription } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';

/** Scopes that one user may hold at most: each costs an index probe in every delta. */
const MAX_SCOPES = 10_000;

/**
 * The scopes that a user may hold, sorted and distinct, read in the given transaction
 * so that a page and the rights to it are of one snapshot (rule 50).
 */
export const scopesFor = async (
  ctx: ServerContext,
  tx: Queryable,
  principal: Principal,
): Promise<readonly string[]> => {
  const { scopesOf } = ctx.app;
  if (scopesOf.kind === 'claims') return sorted(scopesOf.scopes(principal));
  const { rows } = await tx.query<{ scope: string }>(scopesSql(scopesOf.text), [
    principal.userId,
    JSON.stringify(principal.claims),
    [...principal.roles],
  ]);
  return sorted(rows.map(({ scope }) => scope));
};

/** The app's text may leave parameters out, which PostgreSQL refuses to take: here each is used. */
const scopesSql = (text: string): string => `
  select s.scope::text as scope from (${text}) as s(scope)
  where s.scope is not null
    and $1::text is not null and $2::jsonb is not null and $3::text[] is not null`;

/** Those of a user's scopes that a subscription asks for. */
export const subscribedScopes = (
  scopes: readonly string[],
  subscription: Subscription | undefined,
): readonly string[] => {
  const wanted = subscription?.scopes;
  if (!wanted) return scopes;
  const set = new Set(wanted);
  return scopes.filter((scope) => set.has(scope));
};

const sorted = (scopes: readonly string[]): readonly string[] => {
  const distinct = [...new Set(scopes)].filter(
    (scope) => scope.length > 0 && scope.length <= MAX_SCOPE_LENGTH,
  );
  if (distinct.length > MAX_SCOPES) throw new SatchelError('scopes_too_many', { limit: MAX_SCOPES });
  return distinct.sort();
};
