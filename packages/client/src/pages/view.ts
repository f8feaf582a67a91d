import type { Column, Columns } from '@satchel/core';
import type { LocalTable } from '../database/local-table.ts';
import { readMeta, writeMeta } from '../database/meta.ts';
import type { EngineContext } from '../engine-context.ts';

/**
 * The columns of a table that this user may see: those that the rows of the server came
 * with. Deep digests cover these and no others.
 */
export const noteView = (context: EngineContext, local: LocalTable, columns: readonly string[]): void => {
  const view = columns.filter((name) => Object.hasOwn(local.table.columns, name)).sort();
  const known = readMeta(context.db, `view:${local.name}`);
  if (JSON.stringify(known) !== JSON.stringify(view)) writeMeta(context.db, `view:${local.name}`, view);
};

export const viewOf = (context: EngineContext, local: LocalTable): Columns => {
  const known = readMeta(context.db, `view:${local.name}`) as readonly string[] | undefined;
  if (!known) return local.table.columns;
  const names = [...local.table.primaryKey, ...known];
  return Object.fromEntries(names.map((name): [string, Column] => [name, local.table.columns[name]!]));
};
