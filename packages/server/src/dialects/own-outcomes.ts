import type { Conflict, Outcome } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { rowAddress } from '../push/row-address.ts';
import type { DialectServer } from './dialect-route.ts';
import type { Gathered, GatheredRow } from './gather.ts';
import { keyColumnsOf } from './wire-rows.ts';

/**
 * Rows as they are now, where an outcome of the device's own items left them otherwise
 * than it sent them: a decision for the server's side changes no row, and must still
 * reach the device that shows its own.
 */
export const toldRows = (
  ctx: ServerContext,
  { rows, outcomes }: Pick<Gathered, 'rows' | 'outcomes'>,
): readonly GatheredRow[] => {
  const sent = new Set(rows.map(({ table, key }) => rowAddress(table.name, key)));
  const told = new Map<string, GatheredRow>();
  for (const { changes } of outcomes as readonly Outcome[]) {
    for (const { table: name, key, row, version = 0 } of changes) {
      const table = ctx.app.tables[name];
      const address = rowAddress(name, key);
      if (table === undefined || row === undefined || sent.has(address)) continue;
      const values = row === null ? null : { ...keyColumnsOf(table, key), ...row };
      told.set(address, { table, key, version, values });
    }
  }
  return [...told.values()];
};

/** The conflicts that outcomes of the device's items came from or led to. */
export const conflictsBehind = async (
  { ctx, operations }: DialectServer,
  principal: Principal,
  outcomes: readonly Outcome[],
): Promise<readonly Conflict[]> => {
  const changes = outcomes.flatMap(({ changes }) => changes);
  if (changes.length === 0) return [];
  const { rows } = await ctx.db.query<{ conflict_id: string }>(
    `select distinct c.conflict_id
       from unnest($1::smallint[], $2::text[]) k(table_id, key)
       join satchel.conflicts c on c.table_id = k.table_id and c.key = k.key
      where c.mutation_ids && $3::uuid[]`,
    [
      changes.map(({ table }) => ctx.tableIds.get(table)),
      changes.map(({ key }) => key),
      outcomes.map(({ mutationId }) => mutationId),
    ],
    'dialects_conflicts_behind',
  );
  const found: Conflict[] = [];
  for (const { conflict_id } of rows) found.push(await operations.showConflict(principal, conflict_id));
  return found;
};
