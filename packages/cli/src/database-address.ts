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
  const db = await openDatabase(databaseUrl(given));
  try {
    return await work(db);
  } finally {
    await db.close();
  }
};
