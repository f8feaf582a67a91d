import { type Change, type Op, unreachable, type Value, type Values } from '@satchel/protocol';
import type { Column, Columns } from './column.ts';
import { applyDelta, counterDelta } from './counter.ts';
import type { DocumentMerging } from './document-merge.ts';
import { equalValues } from './equal-values.ts';
import { applySetDelta, setDelta } from './set-merge.ts';

/** A pending change as far as the visible row is concerned. */
export interface PendingChange {
  readonly op: Op;
  /** What the user wrote: some columns or all. */
  readonly values?: Values | null;
  /** What the user saw when writing: at least the columns that changed. */
  readonly old?: Values | null;
  /** `old` has some columns alone, and is no row to show. */
  readonly isPartial?: boolean;
}

/** What the user saw in the columns of a change: pending values where there were some, else confirmed ones. */
export const seenValues = (change: Change): Values => {
  const values: Record<string, Value> = { ...change.confirmed?.values };
  for (const [column, seen] of Object.entries(change.seen ?? {})) values[column] = seen.value;
  return values;
};

const laidOver = (
  column: Column,
  below: Value | undefined,
  old: Value | undefined,
  written: Value,
  documents: DocumentMerging | undefined,
): Value => {
  if (old === undefined || equalValues(column, below, old)) return written;
  switch (column.type) {
    case 'counter':
      // Out of range: the server will refuse it, and until then what was written shows.
      return applyDelta(below, counterDelta(old, written)) ?? written;
    case 'set':
      return applySetDelta(below, setDelta(old, written));
    case 'document':
      return documents && typeof below === 'string' && typeof written === 'string'
        ? documents.merge(below, written)
        : written;
    default:
      return written;
  }
};

const layUpdate = (
  columns: Columns,
  row: Values,
  { values, old }: PendingChange,
  documents: DocumentMerging | undefined,
): Values => {
  const next: Record<string, Value> = { ...row };
  for (const name of Object.keys(columns)) {
    const column = columns[name]!;
    const written = values?.[name];
    const before = old?.[name];
    if (written === undefined) continue;
    // A column that the user left as it was follows the base.
    if (before !== undefined && equalValues(column, before, written)) continue;
    next[name] = laidOver(column, row[name], before, written, documents);
  }
  return next;
};

/**
 * The row that the user sees: the server-confirmed row with pending changes laid over
 * it in their order; counters by increment, sets by member. Null when it is not there.
 *
 * A pending update of a row that the server no longer has shows what the user had
 * (`old`) with the edit, until that clash is decided; where only some columns of what
 * he had are known, nothing.
 */
export const layOver = (
  columns: Columns,
  base: Values | null,
  changes: readonly PendingChange[],
  documents?: DocumentMerging,
): Values | null => {
  let row = base;
  for (const change of changes) {
    switch (change.op) {
      case 'insert':
        row = { ...row, ...change.values };
        break;
      case 'update': {
        const below = row ?? (change.isPartial ? null : change.old) ?? null;
        row = below && layUpdate(columns, below, change, documents);
        break;
      }
      case 'delete':
        row = null;
        break;
      default:
        unreachable(change.op);
    }
  }
  return row;
};
