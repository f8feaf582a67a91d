import pg from 'pg';

type Format = 'text' | 'binary';
type Parser = (text: string) => unknown;

/** A bigint as a number where it is one exactly, else as text. Versions and times are always numbers. */
const parseBigint: Parser = (text) => {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
};

const asText: Parser = (text) => text;

const parseBigints: Parser = (text) => {
  const items: unknown = pg.types.getTypeParser(INT8_ARRAY)(text);
  return Array.isArray(items)
    ? items.map((item: unknown) => (typeof item === 'string' ? parseBigint(item) : item))
    : items;
};

const INT8_ARRAY: number = 1016;

/** By type oid. What is not here is read as `pg` does: json as data, booleans, floats, int4 and int2 as numbers, all else as text. */
const PARSERS: ReadonlyMap<number, Parser> = new Map<number, Parser>([
  [20, parseBigint],
  [INT8_ARRAY, parseBigints],
  // date, timestamp, timestamptz, interval: a Date would drop microseconds and years before 1.
  [1082, asText],
  [1114, asText],
  [1184, asText],
  [1186, asText],
]);

/** Parsers of our own connections only: `pg`'s global ones belong to the app beside us. */
export const valueParsers = {
  getTypeParser(oid: number, format?: Format): Parser {
    const own = format === 'binary' ? undefined : PARSERS.get(oid);
    return own ?? (pg.types.getTypeParser(oid, format ?? 'text') as Parser);
  },
};
