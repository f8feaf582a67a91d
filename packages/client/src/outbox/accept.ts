import { canonicalize, equalJson, equalValues } from '@satchel/core';
import { SatchelError, type Value, type Values } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import { NOT_JSON } from '../database/columns.ts';
import type { LocalColumn, LocalTable } from '../database/local-table.ts';
import type { NetChange } from './fold.ts';

/** A net change whose values are known to be good. */
export interface Accepted {
  /** The row after, in canonical form; null for a delete. */
  readonly after: Values | null;
  /** Its key in canonical form. */
  readonly key: string;
  /** Columns that the user changed: all for an insert, none for a delete. */
  readonly changed: readonly string[];
  /** The canonical form is not what was written: row and change must be written again. */
  readonly rewritten: boolean;
}

/**
 * Checks the values of a local write as far as the device can (rule 2): canonical form,
 * key, columns that only the server gives, the app's validators. Throws the first
 * problem, with table, column and key; the local transaction then fails as a whole.
 */
export const acceptChange = (app: App, change: NetChange): Accepted => {
  const { local, op } = change;
  if (op === 'delete' || change.new === null) {
    return { after: null, key: change.key, changed: [], rewritten: false };
  }
  const raw = change.new;
  const changed: string[] = [];
  let after: Record<string, Value> | undefined;
  for (const column of local.columns) {
    const { name } = column;
    const value = raw[name] ?? null;
    const before = change.old === null ? undefined : (change.old[name] ?? null);
    if (value === before) continue;
    const canonical = canonicalValue(app, local, change.key, column, value);
    if (canonical !== value && !isStoredAlike(canonical, value)) {
      after ??= { ...raw };
      after[name] = canonical;
    }
    if (before !== undefined && equalValues(column.column, before, canonical)) {
      // Written otherwise, but the same: the row goes back to how it was.
      if (after && canonical !== before) after[name] = before;
      continue;
    }
    if (column.column.type !== 'modifiedAt') changed.push(name);
  }
  const values = after ?? raw;
  const key = keyText(local, values);
  if (op === 'update' && key !== change.key) {
    throw new SatchelError('key_changed', { table: local.name, key: change.key });
  }
  for (const name of local.serverIds) {
    if (op === 'insert' ? values[name] != null : changed.includes(name)) {
      throw new SatchelError('value_read_only', { table: local.name, column: name, key });
    }
  }
  validate(app, local, key, values, changed);
  return { after: values, key, changed, rewritten: after !== undefined };
};

/** Structured values are made anew by `canonicalize`: what counts is whether they are stored as the same text. */
const isStoredAlike = (canonical: Value, value: Value): boolean =>
  typeof canonical === 'object' &&
  (Array.isArray(canonical)
    ? JSON.stringify(canonical) === JSON.stringify(value)
    : equalJson(canonical, value));

const keyText = ({ keyColumns }: LocalTable, values: Values): string => {
  const only = keyColumns.length === 1 ? keyColumns[0]! : undefined;
  if (only) return String(values[only.name]);
  return JSON.stringify(keyColumns.map(({ name }) => values[name]));
};

/** The value in canonical form; throws its problem, with table, column and key. */
export const canonicalValue = (
  app: App,
  local: LocalTable,
  key: string,
  { column }: LocalColumn,
  value: Value,
): Value => {
  if (value === NOT_JSON) {
    throw new SatchelError('value_type', {
      table: local.name,
      column: column.name,
      key,
      expected: 'JSON',
      found: 'other text',
    });
  }
  const canonical = canonicalize(column, value, app.limits.maxTextBytes);
  if (canonical.ok) return canonical.value;
  const { code, params } = canonical.problem;
  throw new SatchelError(code, { ...params, table: local.name, column: column.name, key: params.key ?? key });
};

const validate = (
  app: App,
  local: LocalTable,
  key: string,
  values: Values,
  changed: readonly string[],
): void => {
  for (const name of changed) {
    const column = local.table.columns[name]!;
    for (const validator of column.validators ?? []) {
      const problem = app.validators[validator]?.(values[name] ?? null, values);
      if (!problem) continue;
      throw new SatchelError('validator_failed', {
        ...problem.params,
        table: local.name,
        column: name,
        key,
        reason: problem.code,
      });
    }
  }
};
