import { type Change, unreachable, type Values } from '@satchel/protocol';
import { type MergeTable, policySays } from './conflict-draft.ts';
import { mergeInsert } from './insert-policy.ts';
import type { RowFacts } from './merge-row.ts';
import { type RowVerdict, rejected, verdict } from './row-verdict.ts';

/** The row that has the unique value already. */
export interface UniqueHolder {
  /** The unique columns. */
  readonly columns: readonly string[];
  readonly key: string;
  readonly row: Values;
}

/**
 * The table's unique policy (rule 6). `merge-into` makes a new row part of the holder:
 * its key becomes the holder's (`newKey`). An update cannot be merged into another
 * row, so it is refused there.
 */
export const decideUnique = (
  table: MergeTable,
  change: Change,
  holder: UniqueHolder,
  facts: RowFacts,
): RowVerdict => {
  const policy = table.conflicts.unique;
  const refused = rejected('unique_taken', {
    table: table.name,
    columns: holder.columns,
    holder: holder.key,
  });
  switch (policy.kind) {
    case 'reject':
      return refused;
    case 'review':
      return verdict('review', 'none', {
        conflict: {
          kind: 'unique',
          state: 'open',
          columns: holder.columns,
          base: change.confirmed?.values ?? null,
          client: change.values ?? null,
          server: holder.row,
          result: holder.row,
          ...policySays(policy),
        },
      });
    case 'merge-into': {
      if (change.op !== 'insert') return refused;
      const merged = mergeInsert(table, change, holder.row, { kind: 'server-wins' }, facts);
      return merged.outcome === 'rejected' || merged.outcome === 'review'
        ? merged
        : { ...merged, newKey: holder.key };
    }
    default:
      return unreachable(policy);
  }
};
