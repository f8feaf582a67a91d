import {
  hasNamesOf,
  isHlcText,
  isObject,
  isText,
  isUuid,
  isValues,
  isWhole,
  MAX_AUTHOR_LENGTH,
  MAX_KEY_LENGTH,
  MAX_NAME_LENGTH,
} from '@satchel/protocol';

/**
 * Whether data from `JSON.parse` surely has the form of `mutationSchema`, in its everyday
 * fields alone: no origin, offer or `seen`. What it calls false the schema looks at. It
 * says yes to nothing that the schema refuses or writes otherwise, and takes a sixth of
 * its time: the schema makes a copy of each mutation.
 */
export const isSurelyMutation = (data: unknown): boolean => {
  if (!isObject(data) || !hasNamesOf(data, MUTATION)) return false;
  const { mutationId, seq, hlc, author, schemaVersion, name, changes } = data;
  return (
    isUuid(mutationId) &&
    isWhole(seq, 1) &&
    isHlcText(hlc) &&
    isText(author, MAX_AUTHOR_LENGTH) &&
    isWhole(schemaVersion, 1) &&
    (name === undefined || isText(name, MAX_NAME_LENGTH)) &&
    Array.isArray(changes) &&
    changes.length > 0 &&
    changes.every(isSurelyChange)
  );
};

const MUTATION: ReadonlySet<string> = new Set([
  'mutationId',
  'seq',
  'hlc',
  'author',
  'schemaVersion',
  'name',
  'changes',
]);
const CHANGE: ReadonlySet<string> = new Set(['table', 'op', 'key', 'values', 'confirmed', 'after']);
const CONFIRMED: ReadonlySet<string> = new Set(['version', 'values']);

const isSurelyChange = (data: unknown): boolean => {
  if (!isObject(data) || !hasNamesOf(data, CHANGE)) return false;
  const { table, op, key, values, confirmed, after } = data;
  return (
    isText(table, MAX_NAME_LENGTH) &&
    (op === 'insert' || op === 'update' || op === 'delete') &&
    isText(key, MAX_KEY_LENGTH) &&
    (values === undefined || isValues(values)) &&
    (confirmed === undefined || isSurelyConfirmed(confirmed)) &&
    (after === undefined || isUuid(after))
  );
};

const isSurelyConfirmed = (data: unknown): boolean => {
  if (!isObject(data) || !hasNamesOf(data, CONFIRMED)) return false;
  return isWhole(data.version, 0) && isValues(data.values);
};
