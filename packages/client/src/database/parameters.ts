import { canonicalJson } from '@satchel/core';
import { type Json, SatchelError } from '@satchel/protocol';
import type { SqlValue } from './driver.ts';

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/**
 * Parameters of an app's statement as SQLite takes them: booleans as 0 and 1, dates as
 * UTC milliseconds, objects and lists as JSON. What SQLite would silently change on its
 * way in (a number that is none, half a character) is refused here, where it can still
 * be seen.
 */
export const boundParameters = (parameters: readonly unknown[] | undefined): readonly SqlValue[] => {
  if (!parameters || parameters.length === 0) return [];
  for (let index = 0; index < parameters.length; index++) {
    if (!isPlain(parameters[index])) return parameters.map(boundParameter);
  }
  return parameters as readonly SqlValue[];
};

const isPlain = (value: unknown): boolean => {
  switch (typeof value) {
    case 'string':
      return !LONE_SURROGATE.test(value);
    case 'number':
      return Number.isFinite(value);
    case 'bigint':
      return true;
    default:
      return value === null;
  }
};

const boundParameter = (value: unknown, index: number): SqlValue => {
  const at = { table: '?', column: `parameter ${index + 1}`, key: '?' };
  switch (typeof value) {
    case 'string':
      if (LONE_SURROGATE.test(value)) throw new SatchelError('text_invalid', at);
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw new SatchelError('number_not_finite', at);
      return value;
    case 'boolean':
      return value ? 1 : 0;
    case 'bigint':
      return value;
    case 'undefined':
      return null;
    case 'object':
      if (value === null || value instanceof Uint8Array) return value;
      if (value instanceof Date) return boundParameter(value.getTime(), index);
      return boundParameter(canonicalJson(value as Json), index);
    default:
      throw new SatchelError('value_type', { ...at, expected: 'a value', found: typeof value });
  }
};
