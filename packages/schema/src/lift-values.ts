import { SatchelError, unreachable, type Values } from '@satchel/protocol';
import type { App, SchemaChange } from './app.ts';
import { pick, renamed, without } from './by-name.ts';
import { checkVersion } from './view.ts';

export type Split = Extract<SchemaChange, { readonly kind: 'split' }>;

/** Nothing is left: it touched only what was dropped since. */
export const DROPPED = 'dropped';

export const changesSince = (app: App, version: number): readonly SchemaChange[] => {
  checkVersion(app, version);
  return app.history.filter((step) => step.to > version).flatMap((step) => step.changes);
};

/** A function of `split` read a column that this change does not carry. */
class NotCarried extends Error {}

/** The columns that are there; reading another of them ends in `NotCarried`. */
const guarded = (names: readonly string[], values: Values): Values =>
  new Proxy(values, {
    get(target, name) {
      if (typeof name === 'string' && names.includes(name) && !Object.hasOwn(target, name)) {
        throw new NotCarried(name);
      }
      return Reflect.get(target, name) as unknown;
    },
  });

/** What `up` makes of the columns that are there; `undefined` when none of them is. */
export const raise = (change: Split, values: Values): Values | undefined => {
  const available = pick(values, change.from);
  if (Object.keys(available).length === 0) return undefined;
  const raised = pick(change.up(guarded(change.from, available)), change.to);
  return Object.fromEntries(Object.entries(raised).filter(([, value]) => value !== undefined));
};

/** Values with the columns of a split replaced, where they are there. */
const splitValues = (change: Split, values: Values): Values => {
  const raised = raise(change, values);
  return raised === undefined ? values : { ...without(values, change.from), ...raised };
};

export const liftOne = (change: SchemaChange, table: string, values: Values): Values => {
  switch (change.kind) {
    case 'add-table':
    case 'drop-table':
    case 'rename-table':
    case 'add':
      return values;
    case 'rename':
      return change.table === table ? renamed(values, change.from, change.to) : values;
    case 'drop':
      return change.table === table ? without(values, [change.column]) : values;
    case 'split':
      return change.table === table ? splitValues(change, values) : values;
    default:
      return unreachable(change);
  }
};

const liftFailed = (app: App, table: string, key: string, cause: unknown): SatchelError =>
  new SatchelError('lift_failed', { table, key, schemaVersion: app.schemaVersion }, { cause });

/** `up` and `down` are the app's: whatever they throw is a failed lift, an error of ours stays what it is. */
export const attempt = <T>(app: App, table: string, key: string, run: () => T): T => {
  try {
    return run();
  } catch (error) {
    if (error instanceof SatchelError) throw error;
    throw liftFailed(app, table, key, error);
  }
};

export const liftTable = (change: SchemaChange, table: string): string | typeof DROPPED => {
  if (change.kind === 'rename-table' && change.from === table) return change.to;
  return change.kind === 'drop-table' && change.table === table ? DROPPED : table;
};

/**
 * Values of some columns of a row, from the names and forms of `version` to those of
 * now. `'dropped'` when the table is gone. Columns that were added since stay away.
 *
 * Throws `lift_failed` when a split cannot be told from the columns given,
 * `schema_unknown` and `schema_ahead` for a version out of reach.
 *
 * @example
 * ```ts
 * liftValues(app, 1, 'clients', { name: 'Asha Rao' });
 * // { table: 'customers', values: { firstName: 'Asha', lastName: 'Rao' } }
 * ```
 */
export const liftValues = (
  app: App,
  version: number,
  table: string,
  values: Values,
): { readonly table: string; readonly values: Values } | typeof DROPPED => {
  let place = table;
  let lifted = values;
  for (const change of changesSince(app, version)) {
    lifted = attempt(app, place, '', () => liftOne(change, place, lifted));
    const next = liftTable(change, place);
    if (next === DROPPED) return DROPPED;
    place = next;
  }
  return { table: place, values: lifted };
};

/** As `liftValues`, for a whole row: columns that were added since get their value. */
export const liftRow = (
  app: App,
  version: number,
  table: string,
  row: Values,
): { readonly table: string; readonly values: Values } | typeof DROPPED => {
  let place = table;
  let lifted = row;
  for (const change of changesSince(app, version)) {
    lifted = attempt(app, place, '', () => withAdded(change, place, liftOne(change, place, lifted)));
    const next = liftTable(change, place);
    if (next === DROPPED) return DROPPED;
    place = next;
  }
  return { table: place, values: lifted };
};

export const withAdded = (change: SchemaChange, table: string, values: Values): Values =>
  change.kind === 'add' && change.table === table && !Object.hasOwn(values, change.column)
    ? { ...values, [change.column]: change.value }
    : values;

/** Names of columns from an older version to now; a split column stands for all that it became. */
export const liftColumns = (
  app: App,
  version: number,
  table: string,
  columns: readonly string[],
): readonly string[] => {
  let place = table;
  let lifted = columns;
  for (const change of changesSince(app, version)) {
    if ('table' in change && change.table === place) {
      if (change.kind === 'rename') lifted = lifted.map((name) => (name === change.from ? change.to : name));
      if (change.kind === 'drop') lifted = lifted.filter((name) => name !== change.column);
      if (change.kind === 'split' && lifted.some((name) => change.from.includes(name))) {
        lifted = [...lifted.filter((name) => !change.from.includes(name)), ...change.to];
      }
    }
    const next = liftTable(change, place);
    if (next === DROPPED) return [];
    place = next;
  }
  return lifted;
};
