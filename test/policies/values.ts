import { type Column, canonicalJson, columnToSql } from '@satchel/core';
import type { Json, Value } from '@satchel/protocol';
import type { Table } from '@satchel/schema';

/** `10:45` of a case as UTC milliseconds; every case has a morning of its own that begins at 10:00. */
export type At = (time: string) => number;

/** `price=55; name=Rice` by column. */
export const assignmentsOf = (cell: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    cell
      .split('; ')
      .filter((part) => part !== '')
      .map((part) => {
        const at = part.indexOf('=');
        if (at < 1) throw new Error(`not an assignment: ${part}`);
        return [part.slice(0, at), part.slice(at + 1)];
      }),
  );

export const columnOf = (table: Table, name: string): Column => {
  const column = table.columns[name];
  if (column === undefined) throw new Error(`${table.name} has no column ${name}`);
  return column;
};

/** A text of a case in the canonical form of its column. */
export const canonicalText = (column: Column, text: string, at: At): Value => {
  if (text === 'null') return null;
  switch (column.type) {
    case 'integer':
    case 'real':
    case 'counter':
      return Number(text);
    case 'boolean':
      return text === 'true';
    case 'timestamp':
      return text.startsWith('@') ? at(text.slice(1)) : Date.parse(text);
    case 'json':
      return JSON.parse(text) as Json;
    case 'set':
      return text.split(',').sort();
    default:
      return text;
  }
};

/** A value as SQLite gives it, in canonical form. */
export const fromSqlite = (column: Column, raw: unknown): Value =>
  fromJson(
    column,
    typeof raw === 'string' && (column.type === 'json' || column.type === 'set') ? JSON.parse(raw) : raw,
  );

/** A value as PostgreSQL's `to_jsonb` gives it, in canonical form. */
export const fromJson = (column: Column, raw: unknown): Value => {
  if (raw === null || raw === undefined) return null;
  switch (column.type) {
    case 'decimal':
      return String(raw);
    case 'boolean':
      return Boolean(raw);
    case 'timestamp':
      return typeof raw === 'string' ? Date.parse(raw) : Number(raw);
    case 'json':
      return raw as Value;
    case 'set':
      return [...(raw as string[])].sort();
    default:
      return raw as Value;
  }
};

/** A canonical value as a parameter of SQLite. */
export const forSqlite = (column: Column, value: Value): unknown =>
  value !== null && (column.type === 'json' || column.type === 'set')
    ? canonicalJson(value as Json)
    : typeof value === 'boolean'
      ? Number(value)
      : value;

/** A canonical value as a text parameter of PostgreSQL. */
export const forPostgres = (column: Column, value: Value): unknown => {
  if (value === null) return null;
  if (column.type === 'timestamp') return new Date(Number(value)).toISOString();
  if (column.type === 'json') return JSON.stringify(value);
  return column.type === 'set' ? value : String(value);
};

export const sqlName = columnToSql;
