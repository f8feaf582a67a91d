import { invariant } from '@satchel/protocol';
import type { SqlValue } from '../database/driver.ts';
import type { LocalTable } from '../database/local-table.ts';
import { despiteUnique } from '../database/unique-indexes.ts';
import type { EngineContext } from '../engine-context.ts';

/** Rows of one statement: longer texts bring no more and cost memory that WebAssembly keeps. */
const ROWS_AT_ONCE = 1_000;

/** A row of a page, by its place there; key parts, values and version as SQLite takes them. */
export interface BulkRow {
  readonly index: number;
  readonly values: readonly SqlValue[];
}

/**
 * Takes in many rows by one statement for each thousand: in WebAssembly a call costs
 * more than SQLite's reading of JSON. Returns the places of those that are to be looked
 * at one by one.
 */
export const takeInBulk = (
  context: EngineContext,
  local: LocalTable,
  rows: readonly BulkRow[],
  hold: number,
  replacedHold: number,
): number[] => {
  const { takeMany, notTaken } = local.sql;
  invariant(takeMany !== null, 'tables with reals are taken row by row');
  const apart: number[] = [];
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    const chunk = rows.slice(from, from + ROWS_AT_ONCE);
    const text = JSON.stringify(chunk.map(({ values }) => values));
    const take = context.db.prepare(takeMany);
    const changed = despiteUnique(context, local, () => take.run([hold, text, replacedHold]));
    if (changed === chunk.length) continue;
    for (const { position } of context.db.prepare(notTaken).all([text, hold]))
      apart.push(chunk[position as number]!.index);
  }
  return apart;
};
