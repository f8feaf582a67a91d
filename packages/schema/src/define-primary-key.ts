import type { Columns, ColumnType } from '@satchel/core';
import { checkTexts, mistake } from './mistake.ts';
import { checkColumn } from './names.ts';

/** Column types that can be part of a key. */
const KEYS: readonly ColumnType[] = ['id', 'ref', 'text', 'integer', 'bigint', 'date'];

/** The columns of the primary key: those given, else the one `id()`. */
export const definePrimaryKey = (
  where: string,
  table: string,
  columns: Columns,
  given: readonly string[] | undefined,
): readonly string[] => {
  const ids = Object.values(columns).filter((column) => column.type === 'id');
  if (given === undefined) {
    if (ids.length === 1) return [ids[0]!.name];
    throw mistake(
      where,
      ids.length === 0 ? 'the table has no key' : `the table has ${ids.length} id() columns`,
      ids.length === 0
        ? 'Add a column id: id(), or name its key columns in primaryKey.'
        : 'Keep one; columns that point to other tables are ref().',
    );
  }
  const here = `${where}.primaryKey`;
  checkTexts(here, given);
  if (given.length === 0 || new Set(given).size !== given.length) {
    throw mistake(
      here,
      'a key has at least one column, each of them once',
      "Write primaryKey: ['from', 'to'].",
    );
  }
  for (const name of given) {
    checkColumn(here, table, name, columns);
    const column = columns[name]!;
    if (!KEYS.includes(column.type)) {
      throw mistake(
        here,
        `a ${column.type} column (${name}) cannot be part of a key`,
        `Use: ${KEYS.join(', ')}.`,
      );
    }
    if (column.nullable) {
      throw mistake(
        here,
        `${name} may be null and cannot be part of a key`,
        `Leave nullable out of ${name}.`,
      );
    }
  }
  const loose = ids.find((column) => !given.includes(column.name));
  if (loose !== undefined) {
    throw mistake(
      here,
      `the id() column ${loose.name} is not part of the key`,
      'Declare it ref() or text().',
    );
  }
  return [...given];
};
