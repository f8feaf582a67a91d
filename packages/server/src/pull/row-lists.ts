import { type Columns, keyValues, rowText } from '@satchel/core';
import { invariant, type Json, type Value } from '@satchel/protocol';
import { lowerPage, viewOf } from '@satchel/schema';
import type { ReaderView } from './reader-view.ts';
import type { RowBlock } from './rows.ts';

/** A block of rows as data, in the reader's version. */
export interface RowLists {
  readonly keys: readonly string[];
  readonly versions: readonly number[];
  readonly columns: Readonly<Record<string, readonly Json[]>>;
}

export const rowLists = (view: ReaderView, block: RowBlock): RowLists => {
  const lists = JSON.parse(block.columns) as Record<string, Json[]>;
  const { lowered, table } = block.view;
  const columns =
    lowered === undefined
      ? lists
      : (lowerPage(view.app, lowered, table.name, lists, block.rows)?.columns ?? {});
  return {
    keys: JSON.parse(block.keys) as string[],
    versions: JSON.parse(block.versions) as number[],
    columns,
  };
};

/** The line of each row in a deep digest: all that the reader sees of it, in its version. */
export const deepLines = (view: ReaderView, block: RowBlock): string[] => {
  const { keys, columns: lists } = rowLists(view, block);
  const { columns: known, primaryKey } = viewOf(view.app, view.version).tables[block.view.wire]!;
  const names = [...primaryKey, ...Object.keys(lists)];
  const columns: Columns = Object.fromEntries(names.map((name) => [name, known[name]!]));
  return keys.map((key, row) => {
    const inKey = keyValues(known, primaryKey, key);
    invariant(inKey.ok, 'an entry holds the key of a row');
    const values: Record<string, Value> = { ...inKey.values };
    for (const [name, list] of Object.entries(lists)) values[name] = list[row]!;
    return rowText(columns, values);
  });
};
