import { type Json, unreachable, type Value, type Values } from '@satchel/protocol';
import type { App, SchemaChange } from './app.ts';
import { pick, renamed, without } from './by-name.ts';
import { checkVersion } from './view.ts';

/** Columns of rows side by side, as pages carry them: `columns.name[i]` belongs to row `i`. */
export type ColumnLists = Readonly<Record<string, readonly Json[]>>;

/** A table's own changes since a version, the newest first, with its name before the first of them. */
interface Way {
  readonly table: string;
  readonly back: readonly Exclude<
    SchemaChange,
    { readonly kind: 'rename-table' | 'drop-table' | 'add-table' }
  >[];
}

/** The way back for a table of now; `null` when clients of that version do not know it. */
const wayBack = (app: App, version: number, table: string): Way | null => {
  checkVersion(app, version);
  const changes = app.history.filter((step) => step.to > version).flatMap((step) => step.changes);
  let place = table;
  const back: Way['back'][number][] = [];
  for (const change of changes.toReversed()) {
    switch (change.kind) {
      case 'add-table':
        if (change.table === place) return null;
        break;
      case 'drop-table':
        break;
      case 'rename-table':
        if (change.to === place) place = change.from;
        break;
      case 'rename':
      case 'add':
      case 'drop':
      case 'split':
        if (change.table === place) back.push(change);
        break;
      default:
        return unreachable(change);
    }
  }
  return { table: place, back };
};

/** The old columns of a split; nothing when the receiver does not have all the new ones. */
const lowerSplit = (change: Extract<SchemaChange, { readonly kind: 'split' }>, values: Values): Values => {
  const whole = change.to.every((name) => Object.hasOwn(values, name));
  const rest = without(values, change.to);
  return whole ? { ...rest, ...pick(change.down(pick(values, change.to)), change.from) } : rest;
};

const lowerOne = (change: Way['back'][number], values: Values, whole: boolean): Values => {
  switch (change.kind) {
    case 'rename':
      return renamed(values, change.to, change.from);
    case 'add':
      return without(values, [change.column]);
    case 'drop':
      return whole ? { ...values, [change.column]: change.value } : values;
    case 'split':
      return lowerSplit(change, values);
    default:
      return unreachable(change);
  }
};

const lower = (app: App, version: number, table: string, values: Values, whole: boolean): Lowered => {
  const way = wayBack(app, version, table);
  if (way === null) return null;
  return {
    table: way.table,
    values: way.back.reduce((lowered, change) => lowerOne(change, lowered, whole), values),
  };
};

/** In the names and forms of an older version; `null` when its clients do not know the table. */
export type Lowered = { readonly table: string; readonly values: Values } | null;

/**
 * A whole row for a client of `version`: renamed, joined, without columns that it does
 * not know, with the stand-in value of those that were dropped.
 *
 * @example
 * ```ts
 * lowerRow(app, 1, 'customers', { id: 'c1', firstName: 'Asha', lastName: 'Rao' });
 * // { table: 'clients', values: { id: 'c1', name: 'Asha Rao' } }
 * ```
 */
export const lowerRow = (app: App, version: number, table: string, row: Values): Lowered =>
  lower(app, version, table, row, true);

/** Some columns of a row for a client of `version`, as in a conflict; what cannot be told from them is left out. */
export const lowerValues = (app: App, version: number, table: string, values: Values): Lowered =>
  lower(app, version, table, values, false);

/** Names of columns for a client of `version`; those of a split stand for what they came from. */
export const lowerColumns = (
  app: App,
  version: number,
  table: string,
  columns: readonly string[],
): readonly string[] => {
  const way = wayBack(app, version, table);
  if (way === null) return [];
  return way.back.reduce<readonly string[]>((names, change) => {
    switch (change.kind) {
      case 'rename':
        return names.map((name) => (name === change.to ? change.from : name));
      case 'add':
        return names.filter((name) => name !== change.column);
      case 'drop':
        return names;
      case 'split':
        return names.some((name) => change.to.includes(name))
          ? [...names.filter((name) => !change.to.includes(name)), ...change.from]
          : names;
      default:
        return unreachable(change);
    }
  }, columns);
};

const lowerLists = (change: Way['back'][number], lists: ColumnLists, count: number): ColumnLists => {
  switch (change.kind) {
    case 'rename':
      return renamed(lists, change.to, change.from);
    case 'add':
      return without(lists, [change.column]);
    case 'drop':
      return { ...lists, [change.column]: Array.from({ length: count }, () => change.value) };
    case 'split': {
      const rest = without(lists, change.to);
      if (!change.to.every((name) => Object.hasOwn(lists, name))) return rest;
      const old: Record<string, Value[]> = Object.fromEntries(change.from.map((name) => [name, []]));
      for (let row = 0; row < count; row += 1) {
        const now = Object.fromEntries(change.to.map((name): [string, Value] => [name, lists[name]![row]!]));
        const before = change.down(now);
        for (const name of change.from) old[name]!.push(before[name] ?? null);
      }
      return { ...rest, ...old };
    }
    default:
      return unreachable(change);
  }
};

/** Rows of a page for a client of `version`, columns side by side; `count` is the number of rows. */
export const lowerPage = (
  app: App,
  version: number,
  table: string,
  columns: ColumnLists,
  count: number,
): { readonly table: string; readonly columns: ColumnLists } | null => {
  const way = wayBack(app, version, table);
  if (way === null) return null;
  let lowered = columns;
  for (const change of way.back) lowered = lowerLists(change, lowered, count);
  return { table: way.table, columns: lowered };
};
