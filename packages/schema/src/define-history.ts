import type { Column, Columns } from '@satchel/core';
import { unreachable, type Value } from '@satchel/protocol';
import type { App, HistoryStep, SchemaChange } from './app.ts';
import { checkConstant } from './column-constant.ts';
import { defineColumn } from './define-columns.ts';
import type { AnyColumn, HistoryStepInput, SchemaChangeInput } from './history.ts';
import { checkSettings, checkTexts, checkWhole, checkWord, mistake } from './mistake.ts';
import { checkName } from './names.ts';
import { type AppView, currentTables, undoChange } from './view.ts';

const SETTINGS: Readonly<Record<SchemaChange['kind'], readonly string[]>> = {
  'add-table': ['table'],
  'drop-table': ['table'],
  'rename-table': ['from', 'to'],
  rename: ['table', 'from', 'to'],
  add: ['table', 'column', 'value'],
  drop: ['table', 'column', 'was', 'value'],
  split: ['table', 'was', 'to', 'up', 'down'],
};

/** A column as it was; its validators may be gone since, and so may the table that a `ref` points to. */
const defineOld = (where: string, tables: AppView['tables'], name: string, built: AnyColumn): Column => {
  const column = defineColumn(where, name, built, built?.options?.validators ?? []);
  const { validators: _, ...plain } = column;
  if (plain.type !== 'ref') return plain;
  const parent = tables[plain.references!];
  const key = parent?.columns[parent.primaryKey[0]!];
  return { ...plain, keyType: key?.keyType ?? 'text' };
};

/** What rows hold where nobody gave a value: the constant given, else the column's default, else null. */
const defineFiller = (where: string, column: Column, given: Value | undefined): Value => {
  const value = given ?? column.defaultValue ?? null;
  if (value === null && !column.nullable) {
    throw mistake(
      where,
      `no value for the column ${column.name}, which may not be null`,
      'Give a value as well.',
    );
  }
  return value === null ? null : checkConstant(where, column, value);
};

const defineChange = (where: string, tables: AppView['tables'], input: SchemaChangeInput): SchemaChange => {
  if (typeof input !== 'object' || input === null) {
    throw mistake(where, 'this is not a change', "Write for example rename('products', 'cost', 'price').");
  }
  checkWord(where, input.kind, Object.keys(SETTINGS));
  checkSettings(where, input, ['kind', ...SETTINGS[input.kind]]);
  switch (input.kind) {
    case 'add-table':
      return { ...input };
    case 'drop-table':
      checkName(where, 'table', input.table);
      return { ...input };
    case 'rename-table':
      checkName(where, 'table', input.from);
      return { ...input };
    case 'rename':
      checkName(where, 'column', input.from);
      return { ...input };
    case 'add': {
      const column = tables[input.table]?.columns[input.column];
      return {
        kind: 'add',
        table: input.table,
        column: input.column,
        // a column that is not there is refused when the change is undone
        value: column === undefined ? null : defineFiller(where, column, input.value),
      };
    }
    case 'drop': {
      const was = defineOld(where, tables, input.column, input.was);
      return {
        kind: 'drop',
        table: input.table,
        column: input.column,
        was,
        value: defineFiller(where, was, input.value),
      };
    }
    case 'split': {
      checkTexts(`${where}.to`, input.to);
      checkSettings(`${where}.was`, input.was, Object.keys(input.was ?? {}));
      const from = Object.keys(input.was);
      if (from.length === 0 || input.to.length === 0) {
        throw mistake(
          where,
          'a split needs columns on both sides',
          "Write { name: text() }, ['first', 'last'].",
        );
      }
      if (typeof input.up !== 'function' || typeof input.down !== 'function') {
        throw mistake(
          where,
          'a split needs two functions',
          'Give up and down: old values to new ones and back.',
        );
      }
      const both = from.find((name) => input.to.includes(name));
      if (both !== undefined) {
        throw mistake(where, `${both} is on both sides`, 'Give the new column a name of its own.');
      }
      const was: Columns = Object.fromEntries(
        from.map((name) => [name, defineOld(where, tables, name, input.was[name]!)]),
      );
      return {
        kind: 'split',
        table: input.table,
        from,
        to: [...input.to],
        was,
        up: input.up,
        down: input.down,
      };
    }
    default:
      return unreachable(input);
  }
};

/**
 * The history, checked by walking it backwards from the app as it is: each change must
 * fit the tables that the later ones leave.
 */
export const defineHistory = (
  where: string,
  given: readonly HistoryStepInput[],
  schemaVersion: number,
  tables: App['tables'],
): readonly HistoryStep[] => {
  if (!Array.isArray(given))
    throw mistake(where, 'expected a list of steps', 'Write history: [{ to: 2, changes: [] }].');
  const steps: HistoryStep[] = [];
  let after = currentTables(tables);
  for (let at = given.length - 1; at >= 0; at -= 1) {
    const here = `${where}[${at}]`;
    const step: HistoryStepInput = given[at]!;
    checkSettings(here, step, ['to', 'changes']);
    checkWhole(`${here}.to`, step.to, 2, 'versions');
    const expected = schemaVersion - (given.length - 1 - at);
    if (step.to !== expected) {
      throw mistake(
        `${here}.to`,
        `the step leads to version ${step.to}, expected ${expected}`,
        `Steps follow each other without a gap and end at schemaVersion (${schemaVersion}).`,
      );
    }
    if (!Array.isArray(step.changes)) {
      throw mistake(`${here}.changes`, 'expected a list of changes', 'Write changes: [rename(…)].');
    }
    const changes: SchemaChange[] = [];
    for (let index = step.changes.length - 1; index >= 0; index -= 1) {
      const place = `${here}.changes[${index}]`;
      const change = defineChange(place, after, step.changes[index]!);
      after = undoChange(place, after, change);
      changes.unshift(change);
    }
    steps.unshift({ to: step.to, changes });
  }
  return steps;
};
