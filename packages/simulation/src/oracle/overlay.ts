import { addedUp, alike, type Cells, joined } from './cells.ts';
import type { OracleTable } from './model.ts';

/** An edit that the server has not settled, as its author made it. */
export interface Unsettled {
  readonly op: 'insert' | 'update' | 'delete';
  readonly wrote: Cells;
  /** The row as its author saw it. */
  readonly saw: Cells | null;
}

/** The row that the author must see: what the server told, with his own unsettled edits over it. */
export const seenRow = (
  table: OracleTable,
  told: Cells | null,
  edits: readonly Unsettled[],
): Cells | null => {
  let row: Cells | null = told;
  for (const { op, wrote, saw } of edits) {
    if (op === 'delete') row = null;
    else if (op === 'insert') row = { ...row, ...wrote };
    else {
      const below: Cells | null = row ?? saw;
      if (below === null) continue;
      const next = { ...below };
      for (const [column, value] of Object.entries(wrote)) {
        const kind = table.columns[column]?.kind ?? 'plain';
        const before = saw?.[column];
        if (before !== undefined && alike(kind, before, value)) continue;
        const moved = before !== undefined && !alike(kind, below[column], before);
        if (moved && kind === 'counter')
          next[column] = addedUp(below[column] ?? null, before, value) ?? value;
        else if (moved && kind === 'set') next[column] = joined(below[column] ?? null, before, value);
        else next[column] = value;
      }
      row = next;
    }
  }
  return row;
};
