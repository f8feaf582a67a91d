import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { SatchelError } from '@satchel/protocol';
import type { Database, Transaction } from './database.ts';

/** From `src/postgres` and from `dist/postgres` alike. */
const FOLDER = new URL('../../src/postgres/migrations/', import.meta.url);

export interface Migration {
  /** File name without `.sql`; they run in its order. */
  readonly name: string;
  readonly text: string;
  /** SHA-256 of the text, in hex. */
  readonly checksum: string;
}

/** Satchel's own migrations, in order. */
export const readMigrations = (folder: URL = FOLDER): readonly Migration[] =>
  readdirSync(folder)
    .filter((file) => /^\d{4}_[a-z0-9_]+\.sql$/.test(file))
    .sort()
    .map((file) => {
      const text = readFileSync(new URL(file, folder), 'utf8');
      return {
        name: file.slice(0, -'.sql'.length),
        text,
        checksum: createHash('sha256').update(text).digest('hex'),
      };
    });

/**
 * Brings schema `satchel` up to date, all or nothing, and returns the names of what
 * ran. Any number of servers may call it at once.
 *
 * @throws `migration_changed` if one that ran is not the one at hand, `database_ahead` if the database knows more
 * @example
 * ```ts
 * await migrate(db); // ['0001_satchel'] the first time, [] ever after
 * ```
 */
export const migrate = (
  db: Database,
  migrations: readonly Migration[] = readMigrations(),
): Promise<string[]> =>
  db.transaction('write', async (tx) => {
    await lockSchema(tx);
    await tx.query(
      `create schema if not exists satchel;
       create table if not exists satchel.migrations (
         name       text primary key,
         checksum   text not null,
         applied_at bigint not null
       )`,
    );
    const todo = pending(migrations, await recorded(tx));
    for (const { name, text, checksum } of todo) {
      await tx.query(text);
      await tx.query(
        'insert into satchel.migrations (name, checksum, applied_at) values ($1, $2, satchel.now_ms())',
        [name, checksum],
      );
    }
    return todo.map(({ name }) => name);
  });

/** What `migrate` would run; for `satchel migrate --dry-run` and `doctor`. */
export const pendingMigrations = (db: Database): Promise<string[]> =>
  db.transaction('snapshot', async (tx) => {
    const { rows } = await tx.query<{ there: boolean }>(
      `select to_regclass('satchel.migrations') is not null as there`,
    );
    const done = rows[0]?.there ? await recorded(tx) : [];
    return pending(readMigrations(), done).map(({ name }) => name);
  });

/**
 * Held by whatever changes the structure of the database, to the end of its
 * transaction: migrations, the app's tables, capture.
 */
export const lockSchema = async (tx: Transaction): Promise<void> => {
  await tx.query('select pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
};

/** 'satchel' in ASCII, as a bigint that a number can hold. */
const SCHEMA_LOCK = 0x736174_6368;

interface Recorded {
  readonly name: string;
  readonly checksum: string;
}

const recorded = async (tx: Transaction): Promise<readonly Recorded[]> => {
  const { rows } = await tx.query<Recorded>('select name, checksum from satchel.migrations order by name');
  return rows;
};

const pending = (migrations: readonly Migration[], done: readonly Recorded[]): readonly Migration[] => {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const { name, checksum } of done) {
    const migration = known.get(name);
    if (!migration) throw new SatchelError('database_ahead', { what: `the migration ${name}` });
    if (migration.checksum !== checksum) throw new SatchelError('migration_changed', { name });
  }
  const names = new Set(done.map(({ name }) => name));
  return migrations.filter(({ name }) => !names.has(name));
};
