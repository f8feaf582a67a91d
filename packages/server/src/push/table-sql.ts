import { createHash } from 'node:crypto';
import type { Column } from '@satchel/core';
import { invariant, type Value, type Values } from '@satchel/protocol';
import { isServerGiven, type Table } from '@satchel/schema';
import { type Relation, relationOf } from '../capture/relation.ts';
import { markRemoval } from '../capture/removal-mark.ts';
import { arrayParameter } from '../postgres/array-parameter.ts';
import { fromCanonical, fromRecord, readExpression, recordType } from '../postgres/columns.ts';
import { keyColumns, keyMatch } from '../postgres/key-columns.ts';
import { quote } from '../postgres/quote.ts';

/** A statement whose text does not vary, prepared once per connection under its own name. */
export interface Prepared {
  readonly text: string;
  readonly name: string;
}

export const prepared = (text: string): Prepared => ({
  text,
  name: `push_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`,
});

/** Statements over one table of the app. Rows to update travel as one JSON parameter. */
export interface TableSql {
  readonly table: Table;
  readonly relation: Relation;
  readonly columns: readonly Column[];
  /** Rows of the keys `$1`, locked one after the other in the order of the keys: JSON of `[[key, [values]], …]`. */
  readonly lock: Prepared;
  /** The same without a lock. */
  readonly read: Prepared;
  /** Takes the rows by column (`insertParameters`): half of what records of JSON cost to read. */
  readonly insert: Prepared;
  readonly remove: Prepared;
  /** Sets the named columns of the rows in `$1`. */
  readonly update: (columns: readonly string[]) => string;
  /** As `update`, where `m` says column by column (`1` or `0`) whether it changes. */
  readonly updateSome: (columns: readonly string[]) => string;
}

const made = new WeakMap<Table, TableSql>();

export const tableSql = (table: Table): TableSql => {
  let sql = made.get(table);
  if (sql === undefined) {
    sql = makeTableSql(table);
    made.set(table, sql);
  }
  return sql;
};

/** All columns of row `alias` as one JSON array, in the order of their declaration. */
export const rowAsJson = (table: Table, relation: Relation, alias: string): string =>
  `json_build_array(variadic array[${Object.values(table.columns)
    .map((column) => `to_json(${readExpression(column, relation.column(alias, column.name))})`)
    .join(', ')}]::json[])`;

/** The values that `rowAsJson` wrote. */
export const valuesFromJson = (table: Table, row: readonly Value[]): Values => {
  const values: Record<string, Value> = {};
  let at = 0;
  for (const name of Object.keys(table.columns)) values[name] = row[at++] ?? null;
  return values;
};

export const columnOf = (table: Table, name: string): Column => {
  const column = table.columns[name];
  invariant(column !== undefined, `${table.name} has no column ${name}`);
  return column;
};

const recordOf = (columns: readonly Column[], letter: string): readonly string[] =>
  columns.map((column, at) => `${letter}${at} ${recordType(column)}`);

/** Columns that an insert writes: the server gives the others. */
const isWritten = (column: Column): boolean => !isServerGiven(column);

const makeTableSql = (table: Table): TableSql => {
  const relation = relationOf(table);
  const columns = Object.values(table.columns);
  const written = columns.filter(isWritten);
  const own = (name: string): string => relation.column('t', name);
  const readRows = (locking: string): Prepared =>
    prepared(
      `with found as (
         select k.key as k, ${rowAsJson(table, relation, 't')} as v
           from unnest($1::text[]) k(key)
           join ${relation.sql} t on ${keyMatch(table, own, 'k.key')}
          order by k.key collate "C"
          ${locking}
       )
       select coalesce(json_agg(json_build_array(k, v)), '[]') as rows from found`,
    );
  const keys = keyColumns(table);
  const keyed = keys
    .map((column, at) => `${own(column.name)} = ${fromRecord(column, `r.k${at}`)}`)
    .join(' and ');
  const setting = (
    names: readonly string[],
    extra: readonly string[],
    value: (column: Column, at: number) => string,
  ) => {
    const changed = names.map((name) => columnOf(table, name));
    const set = changed.map(
      (column, at) => `${quote(relation.columnName(column.name))} = ${value(column, at)}`,
    );
    return `update ${relation.sql} t
        set ${set.join(', ')}
       from json_to_recordset($1::json) as r(${[...extra, ...recordOf(keys, 'k'), ...recordOf(changed, 'c')].join(', ')})
      where ${keyed}`;
  };
  return {
    table,
    relation,
    columns,
    lock: readRows('for update of t'),
    read: readRows(''),
    insert: prepared(
      `insert into ${relation.sql} (${written.map(({ name }) => quote(relation.columnName(name))).join(', ')})
       select ${written.map(insertedValue).join(', ')}
         from unnest(${written.map((column, at) => `$${at + 1}::${elementType(column)}[]`).join(', ')})
           as r(${written.map((_, at) => `c${at}`).join(', ')})`,
    ),
    remove: prepared(
      `with mark as materialized (${markRemoval(relation)})
       delete from ${relation.sql} t using mark, unnest($1::text[]) k(key)
        where mark is not null and ${keyMatch(table, own, 'k.key')}`,
    ),
    update: (names) => setting(names, [], (column, at) => fromRecord(column, `r.c${at}`)),
    updateSome: (names) =>
      setting(names, ['m text'], (column, at) => {
        const value = fromRecord(column, `r.c${at}`);
        return `case substr(r.m, ${at + 1}, 1) when '1' then ${value} else ${own(column.name)} end`;
      }),
  };
};

/** Whether a column's values travel as JSON texts: a set is an array, and arrays of arrays are of another kind. */
const isJsonText = ({ type }: Column): boolean => type === 'json' || type === 'media' || type === 'set';

const elementType = (column: Column): string => (column.type === 'set' ? 'json' : recordType(column));

const insertedValue = (column: Column, at: number): string =>
  column.type === 'set' ? fromCanonical(column, `r.c${at}::text`) : fromRecord(column, `r.c${at}`);

/** Rows for `insert`, a parameter for each column. */
export const insertParameters = ({ columns }: TableSql, rows: readonly Values[]): readonly string[] =>
  columns.filter(isWritten).map((column) => {
    const asText = isJsonText(column);
    return arrayParameter(
      rows.map((values) => {
        const value = values[column.name] ?? null;
        return value === null || (!asText && typeof value !== 'object') ? value : JSON.stringify(value);
      }),
    );
  });

/** One record for `update`. */
export const updateRecord = (
  { table }: TableSql,
  names: readonly string[],
  values: Values,
): Record<string, Value> => {
  const record: Record<string, Value> = {};
  let at = 0;
  for (const name of table.primaryKey) record[`k${at++}`] = values[name] ?? null;
  at = 0;
  for (const name of names) record[`c${at++}`] = values[name] ?? null;
  return record;
};
