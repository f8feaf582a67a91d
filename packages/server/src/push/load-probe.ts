import type { Values } from '@satchel/protocol';
import { referencesTo, type Table } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { fromRecord, recordType } from '../postgres/columns.ts';
import type { Queryable } from '../postgres/database.ts';
import { keyExpression, keyMatch } from '../postgres/key-columns.ts';
import { parentOf } from './breach.ts';
import type { Child, Probe } from './facts.ts';
import { keyOfAddress, type RowAddress, rowAddress, tableOf } from './row-address.ts';
import { columnOf, tableSql } from './table-sql.ts';
import { uniqueText } from './unique-index.ts';
import type { NetEffect } from './write-rows.ts';

export interface LoadedProbe extends Probe {
  /** Rows that hold values which the batch asks for. */
  readonly holders: readonly RowAddress[];
}

/** Looks up the parents that a batch refers to and the holders of the unique values that it asks for. */
export const loadProbe = async (
  ctx: ServerContext,
  tx: Queryable,
  effects: Iterable<NetEffect>,
): Promise<LoadedProbe> => {
  const parents = new Map<string, Set<string>>();
  const deleted = new Map<string, string[]>();
  const asked = new Map<string, { table: Table; columns: readonly string[]; rows: Values[] }>();
  for (const { address, after } of effects) {
    const table = ctx.app.tables[tableOf(address)];
    if (table === undefined) continue;
    if (after === null) {
      const keys = deleted.get(table.name);
      if (keys) keys.push(keyOfAddress(address));
      else deleted.set(table.name, [keyOfAddress(address)]);
      continue;
    }
    for (const { columns, references } of table.foreignKeys) {
      const key = parentOf(columns, after);
      if (key === undefined) continue;
      const keys = parents.get(references);
      if (keys) keys.add(key);
      else parents.set(references, new Set([key]));
    }
    for (const columns of table.unique) {
      if (uniqueText(columns, after) === undefined) continue;
      const set = `${table.name} ${columns.join(' ')}`;
      const wanted = asked.get(set);
      if (wanted) wanted.rows.push(after);
      else asked.set(set, { table, columns, rows: [after] });
    }
  }
  const there = new Set<RowAddress>();
  const looked = new Set<RowAddress>();
  for (const [name, keys] of parents) {
    const table = ctx.app.tables[name];
    if (table === undefined) continue;
    for (const key of keys) looked.add(rowAddress(name, key));
    for (const key of await existingKeys(tx, table, [...keys])) there.add(rowAddress(name, key));
  }
  const holders = new Map<string, string>();
  for (const { table, columns, rows } of asked.values()) {
    for (const [text, key] of await readHolders(tx, table, columns, rows)) {
      holders.set(`${table.name}\n${columns.join(' ')}\n${text}`, key);
    }
  }
  const children = new Map<RowAddress, Child[]>();
  for (const [name, keys] of deleted) await readChildren(ctx, tx, name, keys, children);
  return {
    children: (address) => children.get(address) ?? [],
    exists: (address) => there.has(address) || !looked.has(address),
    holder: (table, columns, values) =>
      holders.get(`${table}\n${columns.join(' ')}\n${uniqueText(columns, values)}`),
    holders: [...holders].map(([place, key]) => rowAddress(place.slice(0, place.indexOf('\n')), key)),
  };
};

/** Those of the keys that have a row now. */
export const existingKeys = async (
  tx: Queryable,
  table: Table,
  keys: readonly string[],
): Promise<readonly string[]> => {
  const { relation } = tableSql(table);
  const { rows } = await tx.query<{ key: string }>(
    `select k.key from unnest($1::text[]) k(key)
      where exists (select from ${relation.sql} t
                     where ${keyMatch(table, (name) => relation.column('t', name), 'k.key')})`,
    [keys],
  );
  return rows.map(({ key }) => key);
};

/** Children of one parent that are looked at: a batch that deletes a parent with more of them is cut up instead. */
const MAX_CHILDREN = 1_000;

const readChildren = async (
  ctx: ServerContext,
  tx: Queryable,
  parent: string,
  keys: readonly string[],
  children: Map<RowAddress, Child[]>,
): Promise<void> => {
  const table = ctx.app.tables[parent];
  if (table === undefined) return;
  const { relation } = tableSql(table);
  for (const { table: name, columns, onDelete } of referencesTo(ctx.app, parent)) {
    const child = ctx.app.tables[name];
    if (onDelete !== 'restrict' || child === undefined) continue;
    const refers = tableSql(child).relation;
    const match = columns.map(
      (column, at) => `${refers.column('c', column)} = ${relation.column('t', table.primaryKey[at]!)}`,
    );
    const { rows } = await tx.query<{ parent: string; key: string }>(
      `select k.key as parent, c.key
         from unnest($1::text[]) k(key)
         join ${relation.sql} t on ${keyMatch(table, (column) => relation.column('t', column), 'k.key')}
         cross join lateral (
           select ${keyExpression(child, (column) => refers.column('c', column))} as key
             from ${refers.sql} c where ${match.join(' and ')} limit ${MAX_CHILDREN}) c`,
      [keys],
    );
    for (const row of rows) {
      const address = rowAddress(parent, row.parent);
      const list = children.get(address);
      const found: Child = { table: name, key: row.key, columns };
      if (list) list.push(found);
      else children.set(address, [found]);
    }
  }
};

const readHolders = async (
  tx: Queryable,
  table: Table,
  columns: readonly string[],
  wanted: readonly Values[],
): Promise<readonly (readonly [text: string, key: string])[]> => {
  const { relation } = tableSql(table);
  const unique = columns.map((name) => columnOf(table, name));
  const own = (name: string): string => relation.column('t', name);
  const record = unique.map((column, at) => `c${at} ${recordType(column)}`).join(', ');
  const match = unique
    .map((column, at) => `${own(column.name)} = ${fromRecord(column, `r.c${at}`)}`)
    .join(' and ');
  const { rows } = await tx.query<{ place: number; key: string }>(
    `select r.place, ${keyExpression(table, own)} as key
       from json_to_recordset($1::json) as r(place int, ${record})
       join ${relation.sql} t on ${match}`,
    [
      JSON.stringify(
        wanted.map((values, place) => ({
          place,
          ...Object.fromEntries(columns.map((name, at) => [`c${at}`, values[name] ?? null])),
        })),
      ),
    ],
  );
  return rows.map(({ place, key }) => [uniqueText(columns, wanted[place]!) ?? '', key]);
};
