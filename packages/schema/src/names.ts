import { columnToSql } from '@satchel/core';
import { MAX_NAME_LENGTH } from '@satchel/protocol';
import { mistake } from './mistake.ts';
import { nearName } from './near-name.ts';

/** The longest SQL name of a table: names of its triggers and indexes are made from it. */
const MAX_TABLE_NAME_LENGTH = 48;

/** Names that a database keeps for itself, or that every JavaScript object has. */
const TAKEN = [
  'rowid',
  'oid',
  'ctid',
  'xmin',
  'xmax',
  'cmin',
  'cmax',
  'tableoid',
  'constructor',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
  'toString',
  'valueOf',
];

const camelCased = (name: string): string => {
  const words = name
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  const joined = words
    .map((word, at) => (at === 0 ? '' : word[0]!.toUpperCase()) + word.slice(at === 0 ? 0 : 1).toLowerCase())
    .join('');
  return /^[a-z]/.test(joined) ? joined : `the${joined}`;
};

/**
 * Checks a name of a table, column or function. camelCase without two capitals in a
 * row, so that its snake_case form in SQL leads back to it whoever converts it.
 */
export const checkName = (where: string, kind: 'table' | 'column' | 'function', name: string): void => {
  if (!/^[a-z][a-z0-9]*([A-Z][a-z0-9]+)*[A-Z]?$/.test(name)) {
    throw mistake(where, `the ${kind} name "${name}" is not camelCase`, `Write "${camelCased(name)}".`);
  }
  const sqlLength = columnToSql(name).length;
  const longest = kind === 'table' ? MAX_TABLE_NAME_LENGTH : MAX_NAME_LENGTH;
  if (sqlLength > longest) {
    throw mistake(where, `the ${kind} name has ${sqlLength} characters in SQL`, `Keep it within ${longest}.`);
  }
  if (/^(satchel|sqlite)(?![a-z0-9])/.test(name) || TAKEN.includes(name)) {
    throw mistake(where, `the ${kind} name "${name}" is reserved`, 'Choose another name.');
  }
};

/** Checks the name of an app, a lane, a role or a channel: lower case, with hyphens. */
export const checkLabel = (where: string, kind: string, name: unknown): void => {
  if (
    typeof name !== 'string' ||
    name.length > MAX_NAME_LENGTH ||
    !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)
  ) {
    throw mistake(
      where,
      `the ${kind} name ${JSON.stringify(name) ?? 'undefined'} is not of the form "store-manager"`,
      `Use lower case letters, digits and single hyphens, at most ${MAX_NAME_LENGTH}.`,
    );
  }
};

/** Refuses a column that the table does not have, naming the one that was probably meant. */
export const checkColumn = (
  where: string,
  table: string,
  name: unknown,
  columns: Readonly<Record<string, unknown>>,
): void => {
  if (typeof name === 'string' && Object.hasOwn(columns, name)) return;
  const known = Object.keys(columns);
  const near = typeof name === 'string' ? nearName(name, known) : undefined;
  throw mistake(
    where,
    `the table ${table} has no column ${JSON.stringify(name) ?? 'undefined'}`,
    near === undefined ? `Its columns are: ${known.join(', ')}.` : `Did you mean "${near}"?`,
  );
};
