/**
 * What can be seen at a look of data from `JSON.parse`. A schema makes a copy of all that
 * it reads; everyday messages are known by these checks, and the schema sees what is left.
 */
export const isObject = (data: unknown): data is Readonly<Record<string, unknown>> =>
  typeof data === 'object' && data !== null && !Array.isArray(data);

/** It has no other names than these. Inherited ones count: data from `JSON.parse` has none. */
export const hasNamesOf = (data: object, names: ReadonlySet<string>): boolean => {
  for (const name in data) if (!names.has(name)) return false;
  return true;
};

/** Text of 1 to `most` characters. */
export const isText = (data: unknown, most: number): data is string =>
  typeof data === 'string' && data.length > 0 && data.length <= most;

/** A whole number of at least `least`, within 2^53-1. */
export const isWhole = (data: unknown, least: number): data is number =>
  Number.isSafeInteger(data) && (data as number) >= least;
