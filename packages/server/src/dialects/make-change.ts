import { equalValues } from '@satchel/core';
import {
  type Change,
  type Confirmed,
  type Op,
  unreachable,
  type Value,
  type Values,
} from '@satchel/protocol';
import { isServerGiven, type Table } from '@satchel/schema';
import type { Base, Had } from './bases.ts';
import type { Item } from './items.ts';
import { canonicalOf } from './wire-values.ts';

export interface Making {
  readonly maxTextBytes: number;
  /** Values that the token gives to new rows of a table. */
  readonly given: (table: string) => Values;
}

const NOTHING: Base = {
  had: { kind: 'absent' },
  current: null,
  isKnownHere: false,
  seen: {},
  after: undefined,
  isOwn: false,
};

/** Whether a device that does not say so means a new row: it had none, and knows of none. */
const isNew = ({ had, current, isKnownHere, isOwn, after }: Base): boolean => {
  if (isOwn || after !== undefined) return false;
  switch (had.kind) {
    case 'known':
      return false;
    case 'absent':
      return true;
    case 'unknown':
      return current === null && !isKnownHere;
    default:
      return unreachable(had);
  }
};

const opOf = (item: Item, base: Base): Op => {
  switch (item.op) {
    case 'create':
      return 'insert';
    case 'update':
    case 'delete':
      return item.op;
    case 'save':
      return isNew(base) ? 'insert' : 'update';
    default:
      return unreachable(item.op);
  }
};

/** What a row has where its device says nothing: an insert carries every column, which is what later edits stand on. */
const defaultsOf = (table: Table): Values =>
  Object.fromEntries(
    Object.values(table.columns).flatMap((column): [string, Value][] => {
      if (isServerGiven(column) || table.primaryKey.includes(column.name)) return [];
      if (column.defaultValue !== undefined) return [[column.name, column.defaultValue]];
      return column.nullable ? [[column.name, null]] : [];
    }),
  );

/** The change that an item is, on what its device had. */
export const makeChange = (item: Item, base: Base = NOTHING, making: Making): Change => {
  const { table, key } = item;
  const op = opOf(item, base);
  const place = { table: table.name, op, key };
  switch (op) {
    case 'insert':
      return {
        ...place,
        values: { ...defaultsOf(table), ...making.given(table.name), ...item.values },
      };
    case 'delete':
      return { ...place, ...confirmedIn(base.had, Object.keys(table.columns)), ...chain(base, undefined) };
    case 'update': {
      const values = edited(item, base, making.maxTextBytes);
      const columns = Object.keys(values);
      return { ...place, values, ...confirmedIn(base.had, columns), ...chain(base, columns) };
    }
    default:
      return unreachable(op);
  }
};

/**
 * What the item changes: dialects send whole rows. A column counts as edited where it
 * differs from what the device had; where that is not known, from what is there now.
 */
const edited = ({ table, values }: Item, base: Base, maxTextBytes: number): Values => {
  const changed: [string, Value][] = [];
  for (const [name, given] of Object.entries(values)) {
    const column = Object.hasOwn(table.columns, name) ? table.columns[name] : undefined;
    if (column === undefined) {
      changed.push([name, given]);
      continue;
    }
    if (table.primaryKey.includes(name)) continue;
    const value = canonicalOf(column, given, maxTextBytes);
    const had = base.seen[name]?.value ?? (base.had.kind === 'known' ? base.had.values[name] : undefined);
    const before = had === undefined ? base.current?.[name] : had;
    if (before === undefined || !equalValues(column, value, before)) changed.push([name, value]);
  }
  return Object.fromEntries(changed);
};

const confirmedIn = (had: Had, columns: readonly string[]): { readonly confirmed?: Confirmed } => {
  if (had.kind !== 'known') return {};
  const values = columns.flatMap((name): [string, Value][] =>
    Object.hasOwn(had.values, name) ? [[name, had.values[name] ?? null]] : [],
  );
  return { confirmed: { version: had.version, values: Object.fromEntries(values) } };
};

const chain = (
  { seen, after }: Base,
  columns: readonly string[] | undefined,
): Pick<Change, 'seen' | 'after'> => {
  const named = Object.entries(seen).filter(([name]) => columns?.includes(name) ?? true);
  return {
    ...(named.length === 0 ? {} : { seen: Object.fromEntries(named) }),
    ...(after === undefined ? {} : { after }),
  };
};

/** What a device has of a row once it has made this change: the base of its next item in the same request. */
export const afterChange = (base: Base = NOTHING, change: Change, mutationId: string): Base => {
  const seen = { ...base.seen };
  for (const [name, value] of Object.entries(change.values ?? {})) seen[name] = { value, mutationId };
  return { ...base, seen, after: mutationId, isOwn: base.isOwn || change.op === 'insert' };
};
