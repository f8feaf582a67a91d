import { writerColumns } from '@satchel/core';
import type { Table } from './app.ts';
import { isServerGiven } from './define-columns.ts';

/** The columns, in the table's order, whose last writer the server must remember for the table's policies. */
export const needsWriters = (table: Table): readonly string[] => {
  const asked = writerColumns(table.columns, table.conflicts);
  return Object.values(table.columns)
    .filter((column) => !isServerGiven(column) && !table.primaryKey.includes(column.name))
    .map(({ name }) => name)
    .filter((name) => asked.has(name));
};
