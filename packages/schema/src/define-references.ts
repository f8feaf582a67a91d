import type { Column, Columns, KeyType } from '@satchel/core';
import type { ForeignKey } from './app.ts';
import { checkKnown, checkSettings, checkTexts, checkWord, mistake } from './mistake.ts';
import { checkColumn } from './names.ts';
import type { ForeignKeyInput } from './table-builder.ts';

/** A table of which the columns and the primary key are known, and nothing else yet. */
export interface KeyedTable {
  readonly name: string;
  readonly columns: Columns;
  readonly primaryKey: readonly string[];
}
type KeyedTables = Readonly<Record<string, KeyedTable>>;

/**
 * What a key column is, on the wire and in PostgreSQL. `whole` is `integer()`: a
 * number on the wire, 64 bits in PostgreSQL; a `ref` to it holds its text.
 */
type KeyKind = KeyType | 'whole' | 'date';

const kindOf = (
  where: string,
  tables: KeyedTables,
  column: Column,
  trail: readonly Column[] = [],
): KeyKind | undefined => {
  if (column.type === 'id') return column.keyType!;
  if (column.type === 'text' || column.type === 'bigint' || column.type === 'date') return column.type;
  if (column.type === 'integer') return 'whole';
  return column.type === 'ref' ? keyTypeOf(where, tables, column, trail) : undefined;
};

/** How a `ref` is stored: as the key that it points to. */
const keyTypeOf = (
  where: string,
  tables: KeyedTables,
  column: Column,
  trail: readonly Column[] = [],
): KeyType => {
  if (trail.includes(column)) {
    throw mistake(
      where,
      'the key is a reference that leads back to itself',
      'Give one of the tables a key of its own.',
    );
  }
  checkKnown(where, 'table', column.references!, Object.keys(tables));
  const parent = tables[column.references!]!;
  if (parent.primaryKey.length !== 1) {
    throw mistake(
      where,
      `the key of ${parent.name} has ${parent.primaryKey.length} columns`,
      `Declare a column for each, and foreignKeys: [foreignKey([…], '${parent.name}')].`,
    );
  }
  const kind = kindOf(where, tables, parent.columns[parent.primaryKey[0]!]!, [...trail, column]);
  if (kind === 'date' || kind === undefined) {
    throw mistake(where, `the key of ${parent.name} is a date`, `Give ${parent.name} an id() to point to.`);
  }
  return kind === 'whole' ? 'bigint' : kind;
};

/** Fills in how each `ref` is stored. */
export const resolveKeyTypes = (tables: KeyedTables): Readonly<Record<string, KeyedTable>> =>
  Object.fromEntries(
    Object.values(tables).map((table) => {
      const columns = Object.fromEntries(
        Object.values(table.columns).map((column): [string, Column] => {
          if (column.type !== 'ref') return [column.name, column];
          const keyType = keyTypeOf(`tables.${table.name}.columns.${column.name}`, tables, column);
          return [column.name, { ...column, keyType }];
        }),
      );
      return [table.name, { ...table, columns }];
    }),
  );

const defineSeveral = (
  where: string,
  tables: KeyedTables,
  table: KeyedTable,
  given: ForeignKeyInput,
): ForeignKey => {
  checkSettings(where, given, ['columns', 'references', 'onDelete']);
  checkTexts(`${where}.columns`, given.columns);
  for (const name of given.columns) checkColumn(`${where}.columns`, table.name, name, table.columns);
  checkKnown(`${where}.references`, 'table', given.references, Object.keys(tables));
  const parent = tables[given.references]!;
  if (given.columns.length !== parent.primaryKey.length) {
    throw mistake(
      `${where}.columns`,
      `${given.columns.length} columns point to a key of ${parent.primaryKey.length}`,
      `Name one column for each of: ${parent.primaryKey.join(', ')}.`,
    );
  }
  given.columns.forEach((name, at) => {
    const own = table.columns[name]!;
    const theirs = parent.columns[parent.primaryKey[at]!]!;
    if (kindOf(where, tables, own) !== kindOf(where, tables, theirs)) {
      throw mistake(
        `${where}.columns`,
        `${table.name}.${name} is of another type than ${parent.name}.${theirs.name}`,
        `Declare it as ${parent.name}.${theirs.name} is.`,
      );
    }
  });
  const onDelete = given.onDelete ?? 'restrict';
  checkWord(`${where}.onDelete`, onDelete, ['restrict', 'cascade', 'set-null']);
  if (onDelete === 'set-null' && given.columns.some((name) => !table.columns[name]!.nullable)) {
    throw mistake(`${where}.onDelete`, 'set-null on a column that may not be null', 'Add nullable: true.');
  }
  return { columns: [...given.columns], references: given.references, onDelete };
};

/** Every reference of a table: its `ref` columns, then its foreign keys of several columns. */
export const defineForeignKeys = (
  tables: KeyedTables,
  table: KeyedTable,
  given: readonly ForeignKeyInput[],
): readonly ForeignKey[] => [
  ...Object.values(table.columns)
    .filter((column) => column.type === 'ref')
    .map((column) => ({
      columns: [column.name],
      references: column.references!,
      onDelete: column.onDelete ?? ('restrict' as const),
    })),
  ...given.map((input, at) => defineSeveral(`tables.${table.name}.foreignKeys[${at}]`, tables, table, input)),
];

/** Names of tables, parents before the tables that refer to them; inside a cycle as declared. */
export const orderTables = (
  names: readonly string[],
  foreignKeys: Readonly<Record<string, readonly ForeignKey[]>>,
): readonly string[] => {
  const ordered: string[] = [];
  const visited = new Set<string>();
  const visit = (name: string): void => {
    if (visited.has(name)) return;
    visited.add(name);
    for (const key of foreignKeys[name]!) visit(key.references);
    ordered.push(name);
  };
  for (const name of names) visit(name);
  return ordered;
};
