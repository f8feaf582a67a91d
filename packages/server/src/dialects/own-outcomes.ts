import type { Outcome } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import { rowAddress } from '../push/row-address.ts';
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
