import { MAX_KEY_LENGTH, MAX_NAME_LENGTH } from '@satchel/protocol';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const HLC = /^\d{1,16}:\d{1,5}:[0-9a-zA-Z_-]{1,64}$/;
const MAX_AUTHOR_LENGTH = 256;

/**
 * Whether data from `JSON.parse` surely has the form of `mutationSchema`, in its everyday
 * fields alone: no origin, offer or `seen`. What it calls false the schema looks at. It
 * says yes to nothing that the schema refuses or writes otherwise, and takes a sixth of
 * its time: the schema makes a copy of each mutation.
 */
export const isSurelyMutation = (data: unknown): boolean => {
  if (!isObject(data)) return false;
  for (const name in data) if (!MUTATION.has(name)) return false;
  const { mutationId, seq, hlc, author, schemaVersion, name, changes } = data;
  return (
    isUuid(mutationId) &&
    isWhole(seq, 1) &&
    typeof hlc === 'string' &&
    HLC.test(hlc) &&
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
  if (!isObject(data)) return false;
  for (const name in data) if (!CHANGE.has(name)) return false;
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
  if (!isObject(data)) return false;
  for (const name in data) if (!CONFIRMED.has(name)) return false;
  return isWhole(data.version, 0) && isValues(data.values);
};

const isObject = (data: unknown): data is Readonly<Record<string, unknown>> =>
  typeof data === 'object' && data !== null && !Array.isArray(data);

const isUuid = (data: unknown): boolean => typeof data === 'string' && UUID.test(data);

const isWhole = (data: unknown, least: number): boolean =>
  Number.isSafeInteger(data) && (data as number) >= least;

const isText = (data: unknown, most: number): boolean =>
  typeof data === 'string' && data.length > 0 && data.length <= most;

/** As `valuesSchema`, which looks at the names alone. */
const MAX_COLUMN_LENGTH = 128;
const isValues = (data: unknown): boolean => {
  if (!isObject(data)) return false;
  for (const column in data) if (column.length > MAX_COLUMN_LENGTH) return false;
  return true;
};
