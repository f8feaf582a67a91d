import { keyOf } from '@satchel/core';
import { SatchelError, type Value, type Values } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { wireName } from './names.ts';
import type { WireObject } from './wire-values.ts';

/** @throws `batch_too_large` */
export const checkCount = ({ app }: Pick<ServerContext, 'app'>, items: number): void => {
  const { maxItems } = app.http;
  if (items > maxItems) throw new SatchelError('batch_too_large', { mutations: items, limit: maxItems });
};

/** A key out of the fields of a row, where they hold all of it. */
export const keyIn = (table: Table, fields: WireObject): string | undefined => {
  const values: Record<string, Value> = {};
  for (const name of table.primaryKey) {
    const value = fields[wireName(name)] ?? fields[name];
    if ((typeof value !== 'string' && typeof value !== 'number') || value === '') return undefined;
    values[name] = value;
  }
  return keyOf(table.primaryKey, values satisfies Values);
};

/** @throws `request_invalid` for a row without a key */
export const recordKey = (table: Table, record: WireObject, path: string): string => {
  const key = keyIn(table, record);
  if (key !== undefined) return key;
  const missing = table.primaryKey.find((name) => {
    const value = record[wireName(name)] ?? record[name];
    return typeof value !== 'string' && typeof value !== 'number';
  });
  throw new SatchelError('request_invalid', {
    path: `${path}.${wireName(missing ?? table.primaryKey[0] ?? 'id')}`,
    reason: 'is missing, or is no key: expected text',
  });
};
