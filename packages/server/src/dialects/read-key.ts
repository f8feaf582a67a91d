import { keyValues } from '@satchel/core';
import type { Problem } from '@satchel/protocol';
import { SatchelError } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import { keyFromName } from './derived-ids.ts';

/** Whether the text is a key of the table's form. */
export const isKeyOf = (table: Table, text: string): boolean =>
  keyValues(table.columns, table.primaryKey, text).ok;

/**
 * The key of a row that a device calls by a name of its own: the name itself where it
 * can be one, else one made from it, always the same.
 */
export const keyOfName = (clientId: string, table: Table, name: string): string =>
  isKeyOf(table, name) ? name : keyFromName(clientId, table.name, name);

/** What is wrong with a key that is not of the table's form. */
export const keyProblemOf = (table: Table, key: string): Problem | undefined => {
  const checked = keyValues(table.columns, table.primaryKey, key);
  return checked.ok
    ? undefined
    : { ...checked.problem, params: { table: table.name, ...checked.problem.params } };
};

export const missing = (path: string, reason: string): Problem =>
  new SatchelError('request_invalid', { path, reason }).toProblem();
