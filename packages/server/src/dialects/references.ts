import type { Value, Values } from '@satchel/protocol';
import type { App, Table } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { keysByServerId, serverIdColumn } from './server-ids.ts';

/** Names by which rows are called until they have keys: of the device, or numbers of the server. */
export interface CalledRows {
  /** The key of a row of the table that the device or the server calls so. */
  key(table: string, called: Value): string | undefined;
}

/** Tables and the numbers by which their rows are called. */
export type Numbers = Map<Table, Set<number>>;

export const noteNumber = (numbers: Numbers, table: Table | undefined, called: Value | undefined): void => {
  if (table === undefined || typeof called !== 'number' || !Number.isSafeInteger(called)) return;
  if (serverIdColumn(table) === undefined) return;
  const set = numbers.get(table);
  if (set) set.add(called);
  else numbers.set(table, new Set([called]));
};

/** The tables that the columns of a row refer to, column by column. */
export const referredTable = (app: App, table: Table, column: string): Table | undefined => {
  const key = table.foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === column);
  return key === undefined ? undefined : app.tables[key.references];
};

/** Notes every number that a row refers to another by. */
export const noteReferences = (app: App, numbers: Numbers, table: Table, values: Values): void => {
  for (const [name, value] of Object.entries(values))
    noteNumber(numbers, referredTable(app, table, name), value);
};

/** Looks the numbers up; `names` are those that the device gave in this request, by table and name. */
export const calledRows = async (
  ctx: ServerContext,
  numbers: Numbers,
  names: ReadonlyMap<string, string>,
): Promise<CalledRows> => {
  const found = new Map<string, ReadonlyMap<number, string>>();
  for (const [table, set] of numbers) found.set(table.name, await keysByServerId(ctx, table, [...set]));
  return {
    key: (table, called) => {
      if (typeof called === 'number') return found.get(table)?.get(called);
      return typeof called === 'string' ? names.get(`${table}\n${called}`) : undefined;
    },
  };
};

export const nameAddress = (table: Table, name: string): string => `${table.name}\n${name}`;

/** The values with references by name or number turned into keys. */
export const withKeys = (app: App, table: Table, values: Values, called: CalledRows): Values =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]): [string, Value] => {
      const referred = referredTable(app, table, name);
      return [name, referred === undefined ? value : (called.key(referred.name, value) ?? value)];
    }),
  );

/** The values without the columns of the key, which stands beside them. */
export const withoutKey = (table: Table, values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !table.primaryKey.includes(name)));
