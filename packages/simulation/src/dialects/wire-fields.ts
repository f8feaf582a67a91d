import { columnToSql, sqlToColumn } from '@satchel/core';
import type { Json } from '@satchel/protocol';
import type { TableName } from './dialect-app.ts';
import type { Fields } from './field-device.ts';

/** Columns that a person edits. */
export const EDITED: Readonly<Record<TableName, readonly string[]>> = {
  notes: ['title', 'body', 'hits', 'labels'],
  lines: ['noteId', 'text'],
};

export const toWire = (fields: Fields): Record<string, Json> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [columnToSql(name), value]));

/** The edited columns of a row as it came. */
export const fromWire = (table: TableName, row: Readonly<Record<string, Json>>): Fields =>
  Object.fromEntries(
    Object.entries(row)
      .map(([name, value]): [string, Json] => [sqlToColumn(name), value])
      .filter(([name]) => EDITED[table].includes(name)),
  );

export const isTable = (name: string): name is TableName => name === 'notes' || name === 'lines';
