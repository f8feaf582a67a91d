import type { Column } from '@satchel/core';
import type { Table } from '@satchel/schema';
import { relationOf } from '../capture/relation.ts';
import type { ServerContext } from '../context.ts';
import { keyExpression, keyMatch } from '../postgres/key-columns.ts';

/** The column in which the server gives a row its whole number, where the table has one. */
export const serverIdColumn = (table: Table): Column | undefined =>
  Object.values(table.columns).find(({ type }) => type === 'serverId');

/** Keys of rows by the number that the server gave them. */
export const keysByServerId = async (
  ctx: ServerContext,
  table: Table,
  numbers: readonly number[],
): Promise<ReadonlyMap<number, string>> => {
  const column = serverIdColumn(table);
  if (column === undefined || numbers.length === 0) return new Map();
  const relation = relationOf(table);
  const own = (name: string): string => relation.column('t', name);
  const { rows } = await ctx.db.query<{ key: string; number: number }>(
    `select ${keyExpression(table, own)} as key, ${own(column.name)} as number
       from ${relation.sql} t where ${own(column.name)} = any($1::bigint[])`,
    [numbers],
  );
  return new Map(rows.map(({ key, number }) => [number, key]));
};

/** The numbers that the server gave rows, by key. */
export const serverIdsByKey = async (
  ctx: ServerContext,
  table: Table,
  keys: readonly string[],
): Promise<ReadonlyMap<string, number>> => {
  const column = serverIdColumn(table);
  if (column === undefined || keys.length === 0) return new Map();
  const relation = relationOf(table);
  const own = (name: string): string => relation.column('t', name);
  const { rows } = await ctx.db.query<{ key: string; number: number }>(
    `select k.key, ${own(column.name)} as number
       from unnest($1::text[]) k(key) join ${relation.sql} t on ${keyMatch(table, own, 'k.key')}`,
    [keys],
  );
  return new Map(rows.map(({ key, number }) => [key, number]));
};

/** The same of rows that are gone, as the audit has it. */
export const formerServerIds = async (
  ctx: ServerContext,
  table: Table,
  keys: readonly string[],
): Promise<ReadonlyMap<string, number>> => {
  const column = serverIdColumn(table);
  if (column === undefined || keys.length === 0) return new Map();
  const { rows } = await ctx.db.query<{ key: string; number: number | null }>(
    `select k.key, (a.values ->> $3)::bigint as number
       from unnest($2::text[]) k(key)
       cross join lateral (
         select coalesce(a.after, a.before) as values from satchel.audit a
          where a.table_id = $1 and a.key = k.key and coalesce(a.after, a.before) ? $3
          order by a.audit_id desc limit 1) a`,
    [ctx.tableIds.get(table.name), keys, column.name],
    'dialects_former_server_ids',
  );
  return new Map(rows.flatMap(({ key, number }) => (number === null ? [] : [[key, number]])));
};
