import { invariant } from '@satchel/protocol';

/**
 * The one place where a camelCase name of code and wire becomes a snake_case name of
 * SQL and back. Every capital starts a word, so the way there and back is exact for
 * names of letters and digits that start with a small letter.
 *
 * @example columnToSql('storeId') // 'store_id'
 */
export const columnToSql = (name: string): string =>
  name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);

/** @example sqlToColumn('store_id') // 'storeId' */
export const sqlToColumn = (name: string): string =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Whether a name of a table or column survives the way to SQL and back. */
export const isName = (name: string): boolean => /^[a-z][a-zA-Z0-9]*$/.test(name);

/** An identifier as both SQLite and PostgreSQL read it. */
export const quoteIdentifier = (name: string): string => {
  invariant(name.length > 0 && !name.includes('\0'), 'an SQL identifier is empty or holds a NUL');
  return `"${name.replaceAll('"', '""')}"`;
};
