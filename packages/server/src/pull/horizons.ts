import type { Queryable } from '../postgres/database.ts';

/** By scope, the snapshot up to which gone entries may have been pruned. Scopes without one lost nothing. */
export const readHorizons = async (
  tx: Queryable,
  scopes: readonly string[],
): Promise<ReadonlyMap<string, string>> => {
  if (scopes.length === 0) return new Map();
  const { rows } = await tx.query<{ scope: string; snapshot: string }>(
    `select h.scope, h.snapshot::text as snapshot
     from satchel.horizons h where h.scope = any($1::text[])`,
    [scopes],
    'horizons_read',
  );
  return new Map(rows.map(({ scope, snapshot }) => [scope, snapshot]));
};
