import { equalValues } from '@satchel/core';
import type { Value, Values } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import { together } from '../postgres/together.ts';
import { keyOfAddress, type RowAddress, tableOf } from './row-address.ts';
import { insertParameters, type TableSql, tableSql, updateRecord } from './table-sql.ts';

export interface NetEffect {
  readonly address: RowAddress;
  readonly before: Values | null;
  readonly after: Values | null;
}

/** Distinct sets of changed columns that get a statement of their own; what is more shares one. */
const MAX_STATEMENTS = 8;

/**
 * Writes what a batch amounts to, a few statements for each table however many rows
 * there are: inserts and updates from parents to children, then deletes the other way.
 * Foreign keys and unique values that can wait are checked at the end.
 */
export const writeRows = async (
  ctx: ServerContext,
  tx: Queryable,
  effects: Iterable<NetEffect>,
): Promise<void> => {
  const byTable = groupByTable(effects);
  if (byTable.size === 0) return;
  const statements: Promise<unknown>[] = [];
  // One row clashes with no other of the batch: what it may not be, it may not be at once.
  if (!isOne(byTable)) statements.push(tx.query('set constraints all deferred', [], 'push_deferred'));
  const order = ctx.app.tableOrder.flatMap((name) => {
    const group = byTable.get(name);
    const table = ctx.app.tables[name];
    return group && table ? [{ sql: tableSql(table), group }] : [];
  });
  for (const { sql, group } of order) {
    if (group.inserted.length > 0) {
      const parameters = insertParameters(sql, group.inserted);
      statements.push(tx.query(sql.insert.text, parameters, sql.insert.name));
    }
    statements.push(...update(tx, sql, group.updated));
  }
  for (const { sql, group } of order.toReversed()) {
    if (group.deleted.length > 0)
      statements.push(tx.query(sql.remove.text, [group.deleted], sql.remove.name));
  }
  statements.push(tx.query('set constraints all immediate', [], 'push_immediate'));
  await together(statements);
};

interface Update {
  readonly columns: readonly string[];
  readonly values: Values;
}

interface Group {
  readonly inserted: Values[];
  readonly updated: Update[];
  readonly deleted: string[];
}

const isOne = (byTable: ReadonlyMap<string, Group>): boolean => {
  const [group, ...more] = byTable.values();
  if (!group || more.length > 0) return false;
  return group.inserted.length + group.updated.length + group.deleted.length === 1;
};

const groupByTable = (effects: Iterable<NetEffect>): ReadonlyMap<string, Group> => {
  const groups = new Map<string, Group>();
  // In the order of the keys, so that two batches insert in the same order.
  const sorted = [...effects].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  for (const { address, before, after } of sorted) {
    const table = tableOf(address);
    let group = groups.get(table);
    if (group === undefined) {
      group = { inserted: [], updated: [], deleted: [] };
      groups.set(table, group);
    }
    if (after === null) group.deleted.push(keyOfAddress(address));
    else if (before === null) group.inserted.push(after);
    else group.updated.push({ columns: changedColumns(before, after), values: after });
  }
  return groups;
};

/** Only these are written: a column of an adopted table may be finer than its canonical form. */
const changedColumns = (before: Values, after: Values): readonly string[] =>
  Object.keys(after).filter((name) => !equalValues('json', before[name], after[name]));

const update = (tx: Queryable, sql: TableSql, updates: readonly Update[]): readonly Promise<unknown>[] => {
  const bySet = new Map<string, Update[]>();
  for (const one of updates) {
    if (one.columns.length === 0) continue;
    const set = one.columns.join(' ');
    const list = bySet.get(set);
    if (list) list.push(one);
    else bySet.set(set, [one]);
  }
  if (bySet.size <= MAX_STATEMENTS) {
    return [...bySet.values()].map((list) => {
      const { columns } = list[0]!;
      const records = list.map(({ values }) => updateRecord(sql, columns, values));
      return tx.query(sql.update(columns), [JSON.stringify(records)]);
    });
  }
  const union = sql.columns
    .map(({ name }) => name)
    .filter((name) => updates.some(({ columns }) => columns.includes(name)));
  const records = updates.map(
    ({ columns, values }): Record<string, Value> => ({
      ...updateRecord(sql, union, values),
      m: union.map((name) => (columns.includes(name) ? '1' : '0')).join(''),
    }),
  );
  return [tx.query(sql.updateSome(union), [JSON.stringify(records)])];
};
