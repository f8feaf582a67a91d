import type { Column } from '@satchel/core';
import { invariant } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import { canonicalText, fromKeyText } from './columns.ts';

/** Columns of the primary key, in its order. */
export const keyColumns = (table: Table): readonly Column[] =>
  table.primaryKey.map((name) => {
    const column = table.columns[name];
    invariant(column, `the key column ${table.name}.${name} is not a column`);
    return column;
  });

/**
 * SQL of a row's key as the wire has it: the same text as `keyOf` of core.
 * `reference` gives the SQL of a column of the row by its name.
 */
export const keyExpression = (table: Table, reference: (column: string) => string): string => {
  const columns = keyColumns(table);
  const [first] = columns;
  invariant(first, `${table.name} has no primary key`);
  if (columns.length === 1) return canonicalText(first, reference(first.name));
  const parts = columns.map((column) => keyPart(column, reference(column.name)));
  return `('[' || ${parts.join(` || ',' || `)} || ']')`;
};

/** A part of a key of several columns, in JSON. PostgreSQL escapes texts just as JSON.stringify does. */
const keyPart = (column: Column, reference: string): string => {
  const text = canonicalText(column, reference);
  switch (column.type) {
    case 'integer':
    case 'counter':
    case 'serverId':
    case 'boolean':
    case 'timestamp':
    case 'modifiedAt':
      return text;
    default:
      return `to_json(${text})::text`;
  }
};

/**
 * SQL condition that a row has the key that the SQL text `key` holds: column by
 * column, in the columns' own types, so that the index of the primary key serves. The
 * key must have been checked (`checkTableKey`), or the cast fails. Let `key` come from
 * a parameter, as in `unnest($1::text[])`: a column with a collation of its own would
 * decide how they compare, and the index might not serve.
 *
 * @example
 * ```ts
 * `select … from unnest($1::text[]) k(key) join products t on ${keyMatch(table, (name) => `t.${quote(name)}`, 'k.key')}`
 * ```
 */
export const keyMatch = (table: Table, reference: (column: string) => string, key: string): string => {
  const columns = keyColumns(table);
  return columns
    .map((column, place) => {
      const text = columns.length === 1 ? key : `((${key})::json ->> ${place})`;
      return `${reference(column.name)} = ${fromKeyText(column, text)}`;
    })
    .join(' and ');
};
