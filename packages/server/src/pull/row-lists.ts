import { type Columns, rowText } from '@satchel/core';
import type { Json, Values } from '@satchel/protocol';
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
  const lists = Object.fromEntries(
    [...block.columns].map(([name, text]): [string, Json[]] => [name, JSON.parse(text) as Json[]]),
  );
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

/** The line of each row in a deep digest: its key and its values in the reader's version. */
export const deepLines = (view: ReaderView, block: RowBlock): string[] => {
  const { keys, columns: lists } = rowLists(view, block);
  const known = viewOf(view.app, view.version).tables[block.view.wire]!.columns;
  const columns: Columns = Object.fromEntries(Object.keys(lists).map((name) => [name, known[name]!]));
  return keys.map((key, row) => {
    const values: Values = Object.fromEntries(
      Object.entries(lists).map(([name, list]) => [name, list[row]!]),
    );
    return `${JSON.stringify(key)}:${rowText(columns, values)}`;
  });
};
