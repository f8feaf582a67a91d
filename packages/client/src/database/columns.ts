import { type Column, type ColumnType, canonicalJson } from '@satchel/core';
import { unreachable, type Value } from '@satchel/protocol';
import type { SqlValue } from './driver.ts';

/**
 * How each column type lies in SQLite, and the way between that and its canonical
 * form:
 *
 * | column type | SQLite | canonical form of it |
 * |---|---|---|
 * | id, ref, text, bigint, decimal, date, document | TEXT | as it is |
 * | integer, serverId, counter, timestamp, modifiedAt | INTEGER | as it is |
 * | real | REAL | as it is |
 * | boolean | INTEGER 0, 1 | false, true |
 * | json, set, media | TEXT holding JSON | the JSON |
 */
export type Affinity = 'TEXT' | 'INTEGER' | 'REAL';

type Form = 'plain-text' | 'number' | 'boolean' | 'json';

const formOf = (type: ColumnType): Form => {
  switch (type) {
    case 'id':
    case 'ref':
    case 'text':
    case 'bigint':
    case 'decimal':
    case 'date':
    case 'document':
      return 'plain-text';
    case 'integer':
    case 'serverId':
    case 'counter':
    case 'timestamp':
    case 'modifiedAt':
    case 'real':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'json':
    case 'set':
    case 'media':
      return 'json';
    default:
      return unreachable(type);
  }
};

export const affinityOf = (column: Column): Affinity => {
  switch (formOf(column.type)) {
    case 'plain-text':
    case 'json':
      return 'TEXT';
    case 'boolean':
      return 'INTEGER';
    case 'number':
      return column.type === 'real' ? 'REAL' : 'INTEGER';
  }
};

/**
 * What stands in an image for text that should be JSON and is not. No canonical value
 * is equal to it, because no stored text may hold a NUL.
 */
export const NOT_JSON = '\u0000not-json';
const NOT_JSON_SQL = "char(0) || 'not-json'";

/**
 * SQL that gives the column's value as a part of a JSON image. It cannot fail,
 * whatever an app wrote into the cell: it runs inside capture triggers.
 */
export const imageExpression = (column: Column, ref: string): string => {
  switch (formOf(column.type)) {
    case 'plain-text':
    case 'number':
      // A blob in an image would be an error of SQLite; a list is one of the column's type.
      return `iif(typeof(${ref})='blob',json('["blob"]'),${ref})`;
    case 'boolean':
      return `case ${ref} when 1 then json('true') when 0 then json('false') else iif(typeof(${ref})='blob',json('["blob"]'),${ref}) end`;
    case 'json':
      return `case when ${ref} is null then null when typeof(${ref})<>'blob' and json_valid(${ref}) then json(${ref}) else ${NOT_JSON_SQL} end`;
  }
};

/** Turns a canonical value into what is bound for the column. */
export const sqliteValue = (column: Column): ((value: Value | undefined) => SqlValue) => {
  switch (formOf(column.type)) {
    case 'plain-text':
    case 'number':
      return (value) => (value === undefined ? null : (value as SqlValue));
    case 'boolean':
      return (value) => (value === true ? 1 : value === false ? 0 : null);
    case 'json':
      return (value) => (value === null || value === undefined ? null : canonicalJson(value));
  }
};

/** Whether the canonical value is bound just as it is: nothing to convert in a page of rows. */
export const isBoundAsIs = (column: Column): boolean => {
  const form = formOf(column.type);
  return form === 'plain-text' || form === 'number';
};

/** A canonical value as an SQL literal, for defaults. */
export const sqliteLiteral = (column: Column, value: Value): string => {
  const bound = sqliteValue(column)(value);
  if (bound === null) return 'null';
  return typeof bound === 'number' ? String(bound) : `'${String(bound).replaceAll("'", "''")}'`;
};
