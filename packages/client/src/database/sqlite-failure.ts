import { SatchelError } from '@satchel/protocol';

/** An error of SQLite's by its (extended) result code, in the words of the catalogue. */
export const sqliteFailure = (code: number, detail: string, path: string, cause?: unknown): SatchelError => {
  const options = cause === undefined ? undefined : { cause };
  switch (code & 0xff) {
    case 5:
    case 6:
      return new SatchelError('database_in_use', { path }, options);
    case 11:
    case 26:
      return new SatchelError('database_corrupt', { detail }, options);
    case 13:
      return new SatchelError('storage_full', {}, options);
    case 8:
    case 10:
    case 14:
      return new SatchelError('storage_unavailable', { detail }, options);
    default:
      return new SatchelError('sql_failed', { detail, sqlite: NAMES[code] ?? `SQLITE_${code}` }, options);
  }
};

/** Names of the codes that an app or the engine may ask for; others are told by number. */
const NAMES: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  18: 'SQLITE_TOOBIG',
  19: 'SQLITE_CONSTRAINT',
  20: 'SQLITE_MISMATCH',
  21: 'SQLITE_MISUSE',
  25: 'SQLITE_RANGE',
  275: 'SQLITE_CONSTRAINT_CHECK',
  787: 'SQLITE_CONSTRAINT_FOREIGNKEY',
  1043: 'SQLITE_CONSTRAINT_FUNCTION',
  1299: 'SQLITE_CONSTRAINT_NOTNULL',
  1555: 'SQLITE_CONSTRAINT_PRIMARYKEY',
  1811: 'SQLITE_CONSTRAINT_TRIGGER',
  2067: 'SQLITE_CONSTRAINT_UNIQUE',
  2579: 'SQLITE_CONSTRAINT_ROWID',
};
