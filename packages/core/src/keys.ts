import {
  invariant,
  type Json,
  MAX_KEY_LENGTH,
  SatchelError,
  type Value,
  type Values,
} from '@satchel/protocol';
import { canonicalize } from './canonical.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Column, Columns } from './column.ts';
import { type KeyProblem, keyProblem } from './key-form.ts';

/**
 * The key of a row as the wire and the device write it: the text of its one primary
 * key column, or a JSON array of several, without spaces.
 *
 * @example
 * keyOf(['id'], { id: 'a1' }) // 'a1'
 * keyOf(['origin', 'destination'], { origin: 'ATL', destination: 'JFK' }) // '["ATL","JFK"]'
 */
export const keyOf = (primaryKey: readonly string[], values: Values): string => {
  const parts = primaryKey.map((name): Value => {
    const value = values[name];
    invariant(value !== undefined && value !== null, `the key column ${name} has no value`);
    return value;
  });
  const [first] = parts;
  invariant(first !== undefined, 'a primary key has no columns');
  if (parts.length > 1) return canonicalJson(parts);
  return typeof first === 'string' ? first : canonicalJson(first);
};

const parseParts = (text: string, count: number): readonly Json[] | undefined => {
  if (count === 1) return [text];
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length !== count) return undefined;
  return parts as Json[];
};

/**
 * The texts of a key's columns, in the order of the primary key. Throws `key_invalid`
 * when the key does not have so many.
 */
export const keyParts = (text: string, count: number): string[] => {
  const parts = parseParts(text, count);
  if (!parts) throw new SatchelError('key_invalid', { key: text.slice(0, 100), expected: `${count} parts` });
  return parts.map((part) => (typeof part === 'string' ? part : canonicalJson(part)));
};

const NUMBERS: ReadonlySet<Column['type']> = new Set([
  'integer',
  'serverId',
  'counter',
  'real',
  'timestamp',
  'modifiedAt',
]);

/** A single key of a number column is that number's text. */
const partValue = (column: Column, part: Json): unknown =>
  typeof part === 'string' && NUMBERS.has(column.type) && /^-?\d+$/.test(part) ? Number(part) : part;

export type KeyValues =
  | { readonly ok: true; readonly values: Values }
  | { readonly ok: false; readonly problem: KeyProblem };

/**
 * The values of the primary key columns that a key says. Refuses a key that is not of
 * the table's form, or that is another text for a key which already has one.
 */
export const keyValues = (columns: Columns, primaryKey: readonly string[], text: string): KeyValues => {
  const refused = (expected: string): KeyValues => ({ ok: false, problem: keyProblem(text, expected) });
  if (text.length === 0 || text.length > MAX_KEY_LENGTH) {
    return refused(`text of 1 to ${MAX_KEY_LENGTH} characters`);
  }
  const parts = parseParts(text, primaryKey.length);
  if (!parts) return refused(`a JSON array of ${primaryKey.length} values`);
  const values: Record<string, Value> = {};
  for (const [index, name] of primaryKey.entries()) {
    const column = columns[name];
    invariant(column, `the key column ${name} is not a column`);
    const part = parts[index]!;
    const canonical = canonicalize(column, primaryKey.length === 1 ? partValue(column, part) : part);
    if (!canonical.ok || canonical.value === null) return refused(`a value of ${name}`);
    values[name] = canonical.value;
  }
  return keyOf(primaryKey, values) === text ? { ok: true, values } : refused('its canonical text');
};

/** What is wrong with the key of a row of a table, if anything. */
export const checkTableKey = (
  columns: Columns,
  primaryKey: readonly string[],
  text: string,
): KeyProblem | undefined => {
  const key = keyValues(columns, primaryKey, text);
  return key.ok ? undefined : key.problem;
};
