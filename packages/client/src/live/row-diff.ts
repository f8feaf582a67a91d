import type { SqlRow } from '../database/driver.ts';

/**
 * What changed between two results of the same query. Rows are told apart by their
 * content and order; `moved` is not told: a list is redrawn from `rows`.
 */
export interface RowDiff {
  /** All rows now. Rows that did not change are the same objects as before. */
  readonly rows: readonly SqlRow[];
  readonly added: readonly SqlRow[];
  readonly removed: readonly SqlRow[];
  /** Rows with the same identity (see `identityColumns`) and other values. */
  readonly changed: readonly { readonly before: SqlRow; readonly after: SqlRow }[];
}

/** Columns that name a row, in this order of preference; without any, a row is its whole content. */
const identityOf = (row: SqlRow, columns: readonly string[]): string => {
  const named = columns.length > 0 ? columns.map((column) => row[column]) : Object.values(row);
  return JSON.stringify(named, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
};

const sameRow = (a: SqlRow, b: SqlRow): boolean => {
  for (const column in a) if (!Object.is(a[column], b[column])) return false;
  for (const column in b) if (!(column in a)) return false;
  return true;
};

/** Compares two results; `null` when nothing differs. Duplicate identities pair up in order. */
export const diffRows = (
  before: readonly SqlRow[],
  after: readonly SqlRow[],
  identityColumns: readonly string[],
): RowDiff | null => {
  const left = new Map<string, SqlRow[]>();
  for (const row of before) {
    const identity = identityOf(row, identityColumns);
    const same = left.get(identity);
    if (same) same.push(row);
    else left.set(identity, [row]);
  }
  const added: SqlRow[] = [];
  const changed: { before: SqlRow; after: SqlRow }[] = [];
  const rows = after.map((row) => {
    const old = left.get(identityOf(row, identityColumns))?.shift();
    if (!old) {
      added.push(row);
      return row;
    }
    if (sameRow(old, row)) return old;
    changed.push({ before: old, after: row });
    return row;
  });
  const removed = [...left.values()].flat();
  const sameOrder = rows.length === before.length && rows.every((row, i) => row === before[i]);
  if (added.length === 0 && changed.length === 0 && removed.length === 0 && sameOrder) return null;
  return { rows, added, removed, changed };
};
