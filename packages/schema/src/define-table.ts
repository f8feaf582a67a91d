import { columnToSql } from '@satchel/core';
import type { Adoption, ForeignKey, LocalTrigger, RetrySettings, SyncSettings, Table } from './app.ts';
import { defineAccess } from './define-access.ts';
import { defineConflicts } from './define-conflicts.ts';
import type { KeyedTable } from './define-references.ts';
import { defineScopes, type ScopeSurroundings } from './define-scopes.ts';
import { defineBatch, defineRetry, defineSchedule } from './define-sync.ts';
import {
  checkFlag,
  checkKnown,
  checkSettings,
  checkTexts,
  checkWhole,
  checkWord,
  mistake,
} from './mistake.ts';
import { checkColumn } from './names.ts';
import type { TableOptions } from './table-builder.ts';

/** What a table is checked against: the rest of the app. */
export interface TableSurroundings extends ScopeSurroundings {
  readonly lanes: readonly string[];
  readonly sync: SyncSettings;
  readonly resolvers: readonly string[];
  readonly checkRole: (where: string, role: unknown) => void;
}

export type AnyTableOptions = TableOptions<string, readonly string[]>;

export const TABLE_SETTINGS: readonly (keyof AnyTableOptions)[] = [
  'scope',
  'primaryKey',
  'lane',
  'conflicts',
  'access',
  'unique',
  'indexes',
  'foreignKeys',
  'partial',
  'coalesce',
  'audit',
  'retry',
  'batch',
  'schedule',
  'staleAfter',
  'triggers',
  'adopt',
];

const defineColumnLists = (
  where: string,
  { name, columns }: KeyedTable,
  given: readonly (string | readonly string[])[],
): readonly (readonly string[])[] => {
  if (!Array.isArray(given)) {
    throw mistake(where, 'expected a list', "Write for example ['code', ['storeId', 'name']].");
  }
  return given.map((item: string | readonly string[], at) => {
    const here = `${where}[${at}]`;
    const list = typeof item === 'string' ? [item] : item;
    checkTexts(here, list);
    if (list.length === 0 || new Set(list).size !== list.length) {
      throw mistake(here, 'no column, or one of them twice', 'Name each column once.');
    }
    for (const column of list) {
      checkColumn(here, name, column, columns);
      const { type } = columns[column]!;
      if (type === 'json' || type === 'set' || type === 'media' || type === 'document') {
        throw mistake(here, `a ${type} column (${column}) cannot be in it`, 'Leave it out.');
      }
    }
    return [...list];
  });
};

const defineTriggers = (where: string, given: readonly LocalTrigger[]): readonly LocalTrigger[] => {
  if (!Array.isArray(given)) throw mistake(where, 'expected a list of triggers', 'Write triggers: [{ … }].');
  const names = new Set<string>();
  return given.map((trigger: LocalTrigger, at) => {
    const here = `${where}[${at}]`;
    checkSettings(here, trigger, ['name', 'timing', 'event', 'when', 'body']);
    if (typeof trigger.name !== 'string' || !/^[A-Za-z][A-Za-z0-9_]{0,62}$/.test(trigger.name)) {
      throw mistake(`${here}.name`, 'not a name', 'Use letters, digits and underscores.');
    }
    if (/^(satchel|sqlite)(?![a-z0-9])/i.test(trigger.name)) {
      throw mistake(`${here}.name`, `the name "${trigger.name}" is reserved`, 'Choose another name.');
    }
    if (names.has(trigger.name)) {
      throw mistake(`${here}.name`, `there are two triggers "${trigger.name}"`, 'Rename one of them.');
    }
    names.add(trigger.name);
    checkWord(`${here}.timing`, trigger.timing, ['before', 'after']);
    checkWord(`${here}.event`, trigger.event, ['insert', 'update', 'delete']);
    if (typeof trigger.body !== 'string' || trigger.body.trim() === '') {
      throw mistake(
        `${here}.body`,
        'the trigger does nothing',
        'Write its statements, each ended by a semicolon.',
      );
    }
    if (/^\s*(begin|create)\b/i.test(trigger.body)) {
      throw mistake(
        `${here}.body`,
        'the body holds more than statements',
        'Leave CREATE TRIGGER, BEGIN and END out.',
      );
    }
    return { ...trigger, body: trigger.body.trim().replace(/;?$/, ';') };
  });
};

const defineAdoption = (
  where: string,
  table: KeyedTable,
  given: NonNullable<AnyTableOptions['adopt']>,
): Adoption => {
  if (given === true) return { schema: 'public', table: columnToSql(table.name), columns: {} };
  if (typeof given === 'string') {
    const [first = '', second, ...more] = given.split('.');
    if (first === '' || second === '' || more.length > 0) {
      throw mistake(where, `"${given}" is not a table's name`, "Write 'customers' or 'sales.customers'.");
    }
    return second === undefined
      ? { schema: 'public', table: first, columns: {} }
      : { schema: first, table: second, columns: {} };
  }
  checkSettings(where, given, ['schema', 'table', 'columns']);
  const columns: Record<string, string> = {};
  for (const [name, sqlName] of Object.entries(given.columns ?? {})) {
    checkColumn(`${where}.columns.${name}`, table.name, name, table.columns);
    if (typeof sqlName !== 'string' || sqlName === '') {
      throw mistake(`${where}.columns.${name}`, 'not a name', 'Write the name of the column in PostgreSQL.');
    }
    columns[name] = sqlName;
  }
  return { schema: given.schema ?? 'public', table: given.table ?? columnToSql(table.name), columns };
};

/** A table's retry falls to its lane's, then to the app's. */
const retryOfLane = (sync: SyncSettings, lane: string): RetrySettings =>
  sync.lanes[lane]?.retry ?? sync.retry;

/** One table, whole. */
export const defineTable = (
  keyed: KeyedTable,
  options: AnyTableOptions,
  foreignKeys: readonly ForeignKey[],
  surroundings: TableSurroundings,
): Table => {
  const { name, columns, primaryKey } = keyed;
  const where = `tables.${name}`;
  const { lanes, sync, resolvers, checkRole } = surroundings;
  const lane = options.lane ?? (lanes.includes('medium') ? 'medium' : lanes[lanes.length >> 1]!);
  checkKnown(`${where}.lane`, 'lane', lane, lanes);
  const flag = (setting: 'partial' | 'coalesce' | 'audit'): boolean => {
    const given = options[setting] ?? true;
    checkFlag(`${where}.${setting}`, given);
    return given;
  };
  if (options.staleAfter !== undefined)
    checkWhole(`${where}.staleAfter`, options.staleAfter, 1, 'milliseconds');
  const unique = defineColumnLists(`${where}.unique`, keyed, options.unique ?? []);
  return {
    name,
    columns,
    primaryKey,
    scopes: defineScopes(`${where}.scope`, name, options.scope, surroundings),
    lane,
    conflicts: defineConflicts(`${where}.conflicts`, options.conflicts ?? {}, {
      table: name,
      columns,
      primaryKey,
      hasUnique: unique.length > 0,
      resolvers,
      checkRole,
    }),
    access: defineAccess(`${where}.access`, name, options.access ?? {}, columns, primaryKey, checkRole),
    partial: flag('partial'),
    coalesce: flag('coalesce'),
    audit: flag('audit'),
    unique,
    indexes: defineColumnLists(`${where}.indexes`, keyed, options.indexes ?? []),
    foreignKeys,
    triggers: defineTriggers(`${where}.triggers`, options.triggers ?? []),
    ...(options.retry === undefined
      ? {}
      : { retry: defineRetry(`${where}.retry`, options.retry, retryOfLane(sync, lane)) }),
    ...(options.batch === undefined
      ? {}
      : { batch: defineBatch(`${where}.batch`, options.batch, sync.lanes[lane]?.batch ?? sync.batch) }),
    ...(options.schedule === undefined
      ? {}
      : { schedule: defineSchedule(`${where}.schedule`, options.schedule) }),
    ...(options.staleAfter === undefined ? {} : { staleAfter: options.staleAfter }),
    ...(options.adopt === undefined ? {} : { adopt: defineAdoption(`${where}.adopt`, keyed, options.adopt) }),
  };
};

/** `via` must end somewhere: a row cannot take its scopes from itself. */
export const checkVia = (tables: Readonly<Record<string, Table>>): void => {
  for (const table of Object.values(tables)) {
    const walk = (name: string, trail: readonly string[]): void => {
      for (const scope of tables[name]!.scopes) {
        if (scope.kind !== 'via') continue;
        if (scope.table === table.name) {
          throw mistake(
            `tables.${table.name}.scope`,
            `via leads in a circle: ${[...trail, scope.table].join(' → ')}`,
            'Give one of them a template over its own columns.',
          );
        }
        if (!trail.includes(scope.table)) walk(scope.table, [...trail, scope.table]);
      }
    };
    walk(table.name, [table.name]);
  }
};
