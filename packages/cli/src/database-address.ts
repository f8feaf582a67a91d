import { SatchelError } from '@satchel/protocol';
import { type Database, openDatabase } from '@satchel/server';
import { type Given, textOption } from './command.ts';

export const databaseOptions = { database: { type: 'string' } } as const;
export const databaseHelp = { database: 'address of PostgreSQL (or DATABASE_URL)' };

/** The address of the PostgreSQL that was named; it is never guessed. */
export const databaseUrl = (given: Given): string => {
  const url = textOption(given, 'database') ?? given.environment.DATABASE_URL;
  if (url === undefined)
    throw new SatchelError('config_invalid', {
      name: 'DATABASE_URL',
      reason: 'it is not set, and no --database was given; satchel dev brings a PostgreSQL of its own',
    });
  return url;
};

/** Opens the named database for `work` and closes it after, whatever happened. */
export const withDatabase = async <T>(given: Given, work: (db: Database) => Promise<T>): Promise<T> => {
  const url = databaseUrl(given);
  const db = await reaching(url, () => openDatabase(url));
  try {
    return await work(db);
  } finally {
    await db.close();
  }
};

/** Runs what opens a database; that it cannot be reached or entered is told with its address. */
export const reaching = async <T>(url: string, open: () => Promise<T>): Promise<T> => {
  const at = shownAddress(url);
  try {
    return await open();
  } catch (cause) {
    const code = (cause as { readonly code?: unknown } | undefined)?.code;
    if (code === 'database_unavailable')
      throw new SatchelError('config_invalid', { name, reason: `no PostgreSQL answers at ${at}` }, { cause });
    if (typeof code === 'string' && REFUSED.has(code))
      throw new SatchelError(
        'config_invalid',
        { name, reason: `PostgreSQL at ${at} lets nobody in so: ${(cause as Error).message}` },
        { cause },
      );
    throw cause;
  }
};

const name = 'DATABASE_URL';

/** SQLSTATE of a wrong user, password or database, or of a missing right to connect. */
const REFUSED = new Set(['28000', '28P01', '3D000', '42501']);

/** Without the password. */
const shownAddress = (url: string): string => {
  if (!/^postgres(ql)?:/.test(url) || !URL.canParse(url))
    throw new SatchelError('config_invalid', {
      name,
      reason: 'it is not of the form postgres://user:password@host:port/database',
    });
  const { hostname, port, pathname } = new URL(url);
  return `${decodeURIComponent(hostname)}${port === '' ? '' : `:${port}`}${pathname}`;
};
