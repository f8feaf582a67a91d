import { type ErrorCode, type Json, type Problem, unreachable, type Value } from '@satchel/protocol';
import { isDate, MAX_TIMESTAMP, MIN_TIMESTAMP } from './calendar.ts';
import { canonicalJson } from './canonical-json.ts';
import { type Column, isServerGiven } from './column.ts';
import { fitsBigint, MAX_DECIMAL_DIGITS, normalizeDecimal, normalizeInteger } from './decimal.ts';
import { checkKey } from './key-form.ts';
import { fitsUtf8, isStorableText, utf8Length } from './utf8.ts';

/** Codes that a value can be refused with. */
export type ValueProblemCode = Extract<
  ErrorCode,
  | 'text_invalid'
  | 'text_too_long'
  | 'integer_out_of_range'
  | 'number_not_finite'
  | 'value_type'
  | 'value_required'
  | 'date_invalid'
  | 'timestamp_out_of_range'
  | 'key_invalid'
>;

export interface ValueProblem extends Problem {
  readonly code: ValueProblemCode;
}

export type Canonical =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: ValueProblem };

/** Bytes of a text where neither the column nor the app says otherwise: 1 MiB. */
export const DEFAULT_MAX_TEXT_BYTES = 1_048_576;
/** Levels of a JSON value, itself included. */
export const MAX_JSON_DEPTH = 256;

interface Wanted {
  readonly column: Column;
  readonly limit: number;
}

const refuse = (column: Column, code: ValueProblemCode, params: Record<string, Json> = {}): Canonical => ({
  ok: false,
  problem: { code, params: { column: column.name, ...params } },
});

const accept = (value: Value): Canonical => ({ ok: true, value });

const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;

const wrongType = (column: Column, expected: string, value: unknown): Canonical =>
  refuse(column, 'value_type', { expected, found: kindOf(value) });

const canonicalText = ({ column, limit }: Wanted, value: unknown): Canonical => {
  if (typeof value !== 'string') return wrongType(column, 'text', value);
  if (!isStorableText(value)) return refuse(column, 'text_invalid');
  if (!fitsUtf8(value, limit)) return refuse(column, 'text_too_long', { bytes: utf8Length(value), limit });
  return accept(value);
};

const canonicalKey = (wanted: Wanted, value: unknown): Canonical => {
  const { column } = wanted;
  const text = canonicalText(wanted, value);
  if (!text.ok || typeof text.value !== 'string') return text;
  const keyType = column.keyType ?? 'text';
  const key = keyType === 'uuid' ? text.value.toLowerCase() : text.value;
  const problem = checkKey(keyType, key);
  return problem ? refuse(column, 'key_invalid', problem.params) : accept(key);
};

const canonicalInteger = ({ column }: Wanted, value: unknown): Canonical => {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? accept(number) : refuse(column, 'integer_out_of_range');
  }
  if (typeof value !== 'number') return wrongType(column, 'a whole number', value);
  if (!Number.isFinite(value)) return refuse(column, 'number_not_finite');
  if (!Number.isInteger(value))
    return refuse(column, 'value_type', { expected: 'a whole number', found: 'a fraction' });
  if (!Number.isSafeInteger(value)) return refuse(column, 'integer_out_of_range');
  return accept(value === 0 ? 0 : value);
};

const canonicalReal = ({ column }: Wanted, value: unknown): Canonical => {
  if (typeof value !== 'number') return wrongType(column, 'a number', value);
  if (!Number.isFinite(value)) return refuse(column, 'number_not_finite');
  return accept(value === 0 ? 0 : value);
};

const canonicalBigint = ({ column }: Wanted, value: unknown): Canonical => {
  if (typeof value === 'number' && !Number.isFinite(value)) return refuse(column, 'number_not_finite');
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return refuse(column, 'integer_out_of_range');
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') {
    return wrongType(column, 'a whole number as text', value);
  }
  const text = normalizeInteger(String(value));
  if (text === undefined) return wrongType(column, 'a whole number as text', value);
  return fitsBigint(text) ? accept(text) : refuse(column, 'integer_out_of_range');
};

const canonicalDecimal = ({ column }: Wanted, value: unknown): Canonical => {
  if (typeof value === 'number' && !Number.isFinite(value)) return refuse(column, 'number_not_finite');
  if (typeof value !== 'string' && typeof value !== 'number') {
    return wrongType(column, 'a decimal as text', value);
  }
  if (typeof value === 'string' && /^[+-]?(nan|inf|infinity)$/i.test(value)) {
    return refuse(column, 'number_not_finite');
  }
  const text = normalizeDecimal(String(value));
  if (text === undefined)
    return wrongType(column, `a decimal of at most ${MAX_DECIMAL_DIGITS} digits`, value);
  return accept(text);
};

const canonicalDate = ({ column }: Wanted, value: unknown): Canonical => {
  if (typeof value !== 'string') return wrongType(column, 'a date as YYYY-MM-DD', value);
  return isDate(value) ? accept(value) : refuse(column, 'date_invalid');
};

const canonicalTimestamp = ({ column }: Wanted, value: unknown): Canonical => {
  if (typeof value !== 'number') return wrongType(column, 'UTC milliseconds', value);
  if (!Number.isFinite(value)) return refuse(column, 'number_not_finite');
  if (value < MIN_TIMESTAMP || value > MAX_TIMESTAMP) return refuse(column, 'timestamp_out_of_range');
  if (!Number.isInteger(value)) {
    return refuse(column, 'value_type', { expected: 'whole UTC milliseconds', found: 'a fraction' });
  }
  return accept(value === 0 ? 0 : value);
};

/** A JSON value with each `-0` made `0`; else what is wrong with it. */
const canonicalJsonValue = (column: Column, value: unknown, depth: number): Canonical => {
  if (depth > MAX_JSON_DEPTH) {
    return refuse(column, 'value_type', {
      expected: `JSON of at most ${MAX_JSON_DEPTH} levels`,
      found: 'a deeper one',
    });
  }
  if (value === null || typeof value === 'boolean') return accept(value);
  if (typeof value === 'string')
    return isStorableText(value) ? accept(value) : refuse(column, 'text_invalid');
  if (typeof value === 'number') {
    return Number.isFinite(value) ? accept(value === 0 ? 0 : value) : refuse(column, 'number_not_finite');
  }
  if (typeof value !== 'object') return wrongType(column, 'JSON', value);
  if (Array.isArray(value)) {
    const members: Value[] = [];
    for (const member of value as readonly unknown[]) {
      const canonical = canonicalJsonValue(column, member, depth + 1);
      if (!canonical.ok) return canonical;
      members.push(canonical.value);
    }
    return accept(members);
  }
  const members: [string, Value][] = [];
  for (const [name, member] of Object.entries(value)) {
    if (!isStorableText(name)) return refuse(column, 'text_invalid');
    const canonical = canonicalJsonValue(column, member, depth + 1);
    if (!canonical.ok) return canonical;
    members.push([name, canonical.value]);
  }
  // Not by assignment: a member may be called __proto__.
  return accept(Object.fromEntries(members));
};

const withinBytes = ({ column, limit }: Wanted, canonical: Canonical): Canonical => {
  if (!canonical.ok) return canonical;
  const text = canonicalJson(canonical.value);
  if (fitsUtf8(text, limit)) return canonical;
  return refuse(column, 'text_too_long', { bytes: utf8Length(text), limit });
};

const canonicalSet = (wanted: Wanted, value: unknown): Canonical => {
  const { column } = wanted;
  if (!Array.isArray(value)) return wrongType(column, 'an array of texts', value);
  for (const member of value as readonly unknown[]) {
    if (typeof member !== 'string') return wrongType(column, 'an array of texts', member);
    if (!isStorableText(member)) return refuse(column, 'text_invalid');
  }
  return withinBytes(wanted, accept([...new Set(value as readonly string[])].sort()));
};

const MEDIA_FORM = 'media as { id, sha256, bytes, type }';

const canonicalMedia = ({ column }: Wanted, value: unknown): Canonical => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return wrongType(column, MEDIA_FORM, value);
  }
  const { id, sha256, bytes, type, ...more } = value as Record<string, unknown>;
  const isText = (text: unknown): text is string =>
    typeof text === 'string' && text.length > 0 && text.length <= 255 && isStorableText(text);
  const good =
    isText(id) &&
    isText(type) &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    typeof bytes === 'number' &&
    Number.isSafeInteger(bytes) &&
    bytes >= 0 &&
    Object.keys(more).length === 0;
  return good
    ? accept({ id, sha256, bytes: bytes + 0, type })
    : refuse(column, 'value_type', { expected: MEDIA_FORM, found: 'another object' });
};

const canonicalDocument = (wanted: Wanted, value: unknown): Canonical => {
  const text = canonicalText(wanted, value);
  if (!text.ok || typeof text.value !== 'string') return text;
  const isBase64 = text.value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text.value);
  return isBase64 ? text : refuse(wanted.column, 'value_type', { expected: 'base64', found: 'other text' });
};

/**
 * The canonical form of a value (rules 1 and 2), or the problem with it. The problem's
 * parameters lack `table` and `key`, which the caller knows.
 *
 * @param maxTextBytes the app's limit, for columns without one of their own.
 * @example canonicalize(price, '01.50') // { ok: true, value: '1.5' }
 */
export const canonicalize = (
  column: Column,
  value: unknown,
  maxTextBytes: number = DEFAULT_MAX_TEXT_BYTES,
): Canonical => {
  if (value === null || value === undefined) {
    return column.nullable || isServerGiven(column) ? accept(null) : refuse(column, 'value_required');
  }
  const wanted: Wanted = { column, limit: column.maxBytes ?? maxTextBytes };
  switch (column.type) {
    case 'id':
    case 'ref':
      return canonicalKey(wanted, value);
    case 'text':
      return canonicalText(wanted, value);
    case 'integer':
    case 'serverId':
    case 'counter':
      return canonicalInteger(wanted, value);
    case 'bigint':
      return canonicalBigint(wanted, value);
    case 'real':
      return canonicalReal(wanted, value);
    case 'decimal':
      return canonicalDecimal(wanted, value);
    case 'boolean':
      return typeof value === 'boolean' ? accept(value) : wrongType(column, 'true or false', value);
    case 'date':
      return canonicalDate(wanted, value);
    case 'timestamp':
    case 'modifiedAt':
      return canonicalTimestamp(wanted, value);
    case 'json':
      return withinBytes(wanted, canonicalJsonValue(column, value, 1));
    case 'set':
      return canonicalSet(wanted, value);
    case 'media':
      return canonicalMedia(wanted, value);
    case 'document':
      return canonicalDocument(wanted, value);
    default:
      return unreachable(column.type);
  }
};

/** What is wrong with a value, if anything. */
export const checkValue = (
  column: Column,
  value: unknown,
  maxTextBytes: number = DEFAULT_MAX_TEXT_BYTES,
): ValueProblem | undefined => {
  const canonical = canonicalize(column, value, maxTextBytes);
  return canonical.ok ? undefined : canonical.problem;
};
