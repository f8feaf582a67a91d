import { canonicalize, equalValues, keyValues } from '@satchel/core';
import { type Change, type Problem, SatchelError, type Value, type Values } from '@satchel/protocol';
import { type App, isServerGiven, mayDo, type Principal, type Table, writableColumns } from '@satchel/schema';

/**
 * A change in canonical form, as far as it can be judged without the rows: the table
 * and its columns are known, the key and the values are of their types, and the
 * author's roles and channel allow it.
 *
 * An insert that leaves columns out gets their defaults. Values that the server gives
 * are left out; asking for one of one's own is refused.
 */
export const validateChange = (app: App, principal: Principal, change: Change): Change | Problem => {
  const { op, key } = change;
  const table = Object.hasOwn(app.tables, change.table) ? app.tables[change.table] : undefined;
  if (table === undefined) return problem('table_unknown', { table: change.table });
  if (!mayDo(table, op, principal.roles, principal.channel)) {
    return mayDo(table, op, principal.roles, '')
      ? problem('channel_denied', { table: table.name, channel: principal.channel })
      : problem('op_denied', { table: table.name, op });
  }
  const own = keyValues(table.columns, table.primaryKey, key);
  if (!own.ok) return { ...own.problem, params: { table: table.name, ...own.problem.params } };
  if (op === 'delete') {
    const { values: _none, ...rest } = change;
    return rest;
  }
  const values = validateValues(app, principal, table, change, own.values);
  return isProblem(values) ? values : { ...change, values };
};

export const isProblem = (found: object): found is Problem => 'code' in found && 'params' in found;

const problem = (...[code, params]: ConstructorParameters<typeof SatchelError>): Problem =>
  new SatchelError(code, params).toProblem();

const validateValues = (
  app: App,
  principal: Principal,
  table: Table,
  { op, key, values: sent = {} }: Change,
  own: Values,
): Values | Problem => {
  const at = { table: table.name, key };
  const writable = writableOf(table, principal);
  const values: Record<string, Value> = {};
  for (const [name, given] of Object.entries(sent)) {
    const column = Object.hasOwn(table.columns, name) ? table.columns[name] : undefined;
    if (column === undefined) return problem('column_unknown', { table: table.name, column: name });
    if (isServerGiven(column)) {
      if (given !== null && column.type === 'serverId')
        return problem('value_read_only', { ...at, column: name });
      continue;
    }
    const canonical = canonicalize(column, given, app.limits.maxTextBytes);
    if (!canonical.ok) return { ...canonical.problem, params: { ...at, ...canonical.problem.params } };
    if (Object.hasOwn(own, name)) {
      if (canonical.value !== own[name]) return problem('key_changed', at);
      continue;
    }
    if (!writable.has(name)) {
      // An insert carries every column: what the role may not write must be left as it is given.
      if (
        op === 'insert' &&
        (given === null || equalValues(column, canonical.value, column.defaultValue ?? null))
      )
        continue;
      return problem('column_denied', { table: table.name, column: name });
    }
    values[name] = canonical.value;
  }
  return op === 'insert' ? completeInsert(table, key, values, own) : values;
};

const completeInsert = (table: Table, key: string, values: Values, own: Values): Values | Problem => {
  const complete: Record<string, Value> = {};
  for (const column of Object.values(table.columns)) {
    const { name } = column;
    if (isServerGiven(column)) continue;
    const value = own[name] ?? values[name] ?? (name in values ? null : (column.defaultValue ?? null));
    if (value === null && !column.nullable)
      return problem('value_required', { table: table.name, key, column: name });
    complete[name] = value;
  }
  return complete;
};

const writableKnown = new WeakMap<readonly string[], WeakMap<Table, ReadonlySet<string>>>();

/** The same for every mutation of a batch. */
const writableOf = (table: Table, { roles }: Principal): ReadonlySet<string> => {
  let tables = writableKnown.get(roles);
  if (tables === undefined) {
    tables = new WeakMap();
    writableKnown.set(roles, tables);
  }
  let columns = tables.get(table);
  if (columns === undefined) {
    columns = new Set(writableColumns(table, roles));
    tables.set(table, columns);
  }
  return columns;
};

/** Asks the app's validators of the columns that were written; they see the whole row. */
export const checkRow = (
  app: App,
  table: Table,
  key: string,
  row: Values,
  written: Iterable<string>,
): Problem | undefined => {
  for (const column of written) {
    for (const name of table.columns[column]?.validators ?? []) {
      const found = app.validators[name]?.(row[column] ?? null, row);
      if (found) return { code: found.code, params: { table: table.name, key, column, ...found.params } };
    }
  }
  return undefined;
};
