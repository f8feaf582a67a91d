import { type Column, type Columns, canonicalJson, digestText } from '@satchel/core';
import type { Access, App, Operation, Principal, Table } from './app.ts';
import { isServerGiven } from './define-columns.ts';

const admits = (allowed: readonly string[], roles: readonly string[]): boolean =>
  allowed.includes('*') || allowed.some((role) => roles.includes(role));

const ruleOf = (access: Access, column: string): Access['columns'][string] =>
  Object.hasOwn(access.columns, column) ? access.columns[column]! : {};

/**
 * Whether a user of these roles, who came by this channel, may do this with rows of a
 * table that his scopes hold.
 *
 * @example
 * ```ts
 * mayDo(app.tables.products, 'delete', ['staff'], 'mobile'); // false
 * ```
 */
export const mayDo = (
  { access }: Pick<Table, 'access'>,
  operation: Operation,
  roles: readonly string[],
  channel: string,
): boolean =>
  admits(access.operations[operation], roles) &&
  (!Object.hasOwn(access.channels, channel) || access.channels[channel]!.includes(operation));

/** Whether somebody may see all clients, batches and conflicts of the app. */
export const isAdministrator = (
  { administrators }: Pick<App, 'administrators'>,
  { roles }: Pick<Principal, 'roles'>,
): boolean => roles.some((role) => administrators.includes(role));

/** Names of the columns that these roles may read, in the table's order; none when they may not read the table. */
export const readableColumns = (
  { access, columns }: Pick<Table, 'access' | 'columns'>,
  roles: readonly string[],
): readonly string[] =>
  admits(access.operations.read, roles)
    ? Object.keys(columns).filter((name) => admits(ruleOf(access, name).read ?? ['*'], roles))
    : [];

/** Names of the columns that these roles may write where they may insert or update: never what the server gives. */
export const writableColumns = (
  { access, columns }: Pick<Table, 'access' | 'columns'>,
  roles: readonly string[],
): readonly string[] =>
  Object.values(columns)
    .filter((column) => !isServerGiven(column) && admits(ruleOf(access, column.name).write ?? ['*'], roles))
    .map(({ name }) => name);

/**
 * A short hash of what somebody sees of a table: its name and the columns, in their
 * version's names. A cursor carries it: when it differs, the table is copied anew.
 * Who sees the same has the same hash, whatever the roles.
 */
export const viewHash = (
  table: { readonly name: string; readonly columns: Columns },
  readable: readonly string[],
): string => {
  const shape = readable.map((name): readonly string[] => {
    const column: Column = table.columns[name]!;
    return [column.name, column.type];
  });
  return digestText(canonicalJson([table.name, shape])).slice(0, 16);
};
