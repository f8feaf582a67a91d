import { COLUMN_TYPES, type Column, type Columns, type ColumnType } from '@satchel/core';
import type { Value } from '@satchel/protocol';
import type { ColumnOptions } from './column-builders.ts';
import { checkConstant } from './column-constant.ts';
import type { AnyColumn } from './history.ts';
import {
  checkFlag,
  checkKnown,
  checkSettings,
  checkTexts,
  checkWhole,
  checkWord,
  mistake,
} from './mistake.ts';
import { checkName } from './names.ts';

const KEY_TYPES = ['text', 'uuid', 'integer', 'bigint'] as const;
const ON_DELETE = ['restrict', 'cascade', 'set-null'] as const;

/** Column types whose value has a size worth a bound. */
const SIZED: readonly ColumnType[] = ['text', 'json', 'set', 'document'];
/** Column types of which null would only be a second way to say "nothing". */
const NEVER_NULL: readonly ColumnType[] = ['id', 'counter', 'set'];
const SERVER_GIVEN: readonly ColumnType[] = ['serverId', 'modifiedAt'];

const EMPTY: Partial<Record<ColumnType, Value>> = { counter: 0, set: [] };

/** True for columns that only the server writes. */
export const isServerGiven = (column: Column): boolean => SERVER_GIVEN.includes(column.type);

const optionsOf = (type: ColumnType): readonly (keyof ColumnOptions<unknown>)[] => {
  if (type === 'id') return ['type'];
  if (SERVER_GIVEN.includes(type)) return ['nullable'];
  if (type === 'ref') return ['nullable', 'default', 'validators', 'table', 'onDelete'];
  if (SIZED.includes(type)) return ['nullable', 'default', 'validators', 'maxBytes'];
  return ['nullable', 'default', 'validators'];
};

/** One column, checked. A `ref` gets its key type later, when all tables are known. */
export const defineColumn = (
  where: string,
  name: string,
  built: AnyColumn,
  validators: readonly string[],
): Column => {
  checkName(where, 'column', name);
  if (typeof built !== 'object' || built === null || !COLUMN_TYPES.includes(built.type)) {
    throw mistake(where, 'this is not a column', 'Use a column function, for example text().');
  }
  const { type, options } = built;
  checkSettings(where, options, optionsOf(type));
  const nullable = options.nullable ?? false;
  checkFlag(`${where}.nullable`, nullable);
  if (nullable && NEVER_NULL.includes(type)) {
    throw mistake(
      `${where}.nullable`,
      `a ${type} column cannot be null`,
      type === 'id'
        ? 'Leave nullable out.'
        : `Leave nullable out: it starts ${type === 'set' ? 'empty' : 'at 0'}.`,
    );
  }
  if (options.type !== undefined) checkWord(`${where}.type`, options.type, KEY_TYPES);
  if (options.maxBytes !== undefined) checkWhole(`${where}.maxBytes`, options.maxBytes, 1, 'bytes');
  if (options.validators !== undefined) {
    checkTexts(`${where}.validators`, options.validators);
    for (const validator of options.validators)
      checkKnown(`${where}.validators`, 'validator', validator, validators);
  }
  if (type === 'ref') {
    if (typeof options.table !== 'string') {
      throw mistake(where, 'a ref needs the table that it points to', "Write ref('customers').");
    }
    if (options.onDelete !== undefined) checkWord(`${where}.onDelete`, options.onDelete, ON_DELETE);
    if (options.onDelete === 'set-null' && !nullable) {
      throw mistake(`${where}.onDelete`, 'set-null on a column that may not be null', 'Add nullable: true.');
    }
  }
  const column: Column = {
    name,
    type,
    nullable,
    ...(type === 'id' ? { keyType: options.type ?? 'text' } : {}),
    ...(type === 'ref' ? { references: options.table!, onDelete: options.onDelete ?? 'restrict' } : {}),
    ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
    ...(options.validators === undefined || options.validators.length === 0
      ? {}
      : { validators: [...options.validators] }),
  };
  const given = options.default === undefined ? EMPTY[type] : (options.default as Value);
  if (given === undefined || given === null) {
    if (given === null && !nullable) {
      throw mistake(`${where}.default`, 'null on a column that may not be null', 'Add nullable: true.');
    }
    return column;
  }
  return { ...column, defaultValue: checkConstant(`${where}.default`, column, given) };
};

/** The columns of a table, in the order of their declaration. */
export const defineColumns = (
  where: string,
  built: Readonly<Record<string, AnyColumn>>,
  validators: readonly string[],
): Columns => {
  if (
    typeof built !== 'object' ||
    built === null ||
    Array.isArray(built) ||
    Object.keys(built).length === 0
  ) {
    throw mistake(where, 'there are no columns', 'Write for example { id: id(), name: text() }.');
  }
  return Object.fromEntries(
    Object.entries(built).map(([name, column]) => [
      name,
      defineColumn(`${where}.columns.${name}`, name, column, validators),
    ]),
  );
};
