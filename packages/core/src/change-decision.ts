import { type Change, unreachable, type Values } from '@satchel/protocol';
import type { MergeTable } from './conflict-draft.ts';
import { decideDelete, decideUpdateOfGone } from './delete-policy.ts';
import { decideInsert } from './insert-policy.ts';
import { mergeRow, type RowFacts } from './merge-row.ts';
import { type RowVerdict, rejected, verdict } from './row-verdict.ts';

/** The row of a change as the server has it. */
export interface ServerRow {
  /** Null: it is not there. */
  readonly row: Values | null;
  /** With no row: it was there and was deleted. */
  readonly deleted: boolean;
  /** The row as it last was, where the server still knows; for bringing it back. */
  readonly last: Values | null;
}

/**
 * What becomes of one change: the whole of the policies as one pure function of the
 * change, the server's row and the facts.
 */
export const decideChange = (
  table: MergeTable,
  change: Change,
  server: ServerRow,
  facts: RowFacts,
): RowVerdict => {
  switch (change.op) {
    case 'insert':
      return decideInsert(table, change, server.row, facts);
    case 'update':
      if (server.row) return mergeRow(table, change, server.row, facts);
      return server.deleted
        ? decideUpdateOfGone(table, change, server.last, facts)
        : rejected('row_missing', { table: table.name, key: change.key });
    case 'delete':
      return server.row ? decideDelete(table, change, server.row, facts) : verdict('applied', 'none');
    default:
      return unreachable(change.op);
  }
};
