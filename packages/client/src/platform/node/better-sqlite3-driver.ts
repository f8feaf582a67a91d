import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SatchelError } from '@satchel/protocol';
import Database from 'better-sqlite3';
import type { Driver, DriverFactory, Parameter, SqlRow, SqlValue, Statement } from '../../database/driver.ts';
import { rowByRow } from '../../database/row-by-row.ts';

/** Statements kept prepared; beyond it the one that was made first goes. */
const MAX_STATEMENTS = 1_000;
/**
 * Pages of the write-ahead log, 16 MB, after which they are written back. With 1,000 a
 * first copy writes each page of the keys' index back a dozen times: half as much again
 * of time at commits.
 */
const CHECKPOINT_PAGES = 4_000;
const SUFFIX = '.sqlite';

/** A factory that opens at once. */
export interface BetterSqlite3Databases extends DriverFactory {
  open(name: string): Driver;
  list(prefix: string): readonly string[];
  remove(name: string): void;
}

/**
 * Databases in files of one folder, on better-sqlite3.
 *
 * The lock is SQLite's own, held from the first access to the close (`locking_mode =
 * exclusive`): the operating system takes it away from a process that dies, however it
 * dies, and nobody else can write between two of our transactions. With it the index of
 * the write-ahead log lies in the heap instead of in a shared file.
 *
 * @example
 * ```ts
 * const factory = betterSqlite3Driver({ directory: './data' });
 * const driver = factory.open('satchel-shop-0f3c'); // throws database_in_use if another process has it
 * ```
 */
export const betterSqlite3Driver = (options: {
  /** Folder of the databases; made when it is not there. */
  readonly directory: string;
}): BetterSqlite3Databases => ({
  open: (name) => {
    mkdirSync(options.directory, { recursive: true });
    return openBetterSqlite3(join(options.directory, `${name}${SUFFIX}`));
  },
  list: (prefix) => {
    try {
      return readdirSync(options.directory)
        .filter((file) => file.startsWith(prefix) && file.endsWith(SUFFIX))
        .map((file) => file.slice(0, -SUFFIX.length))
        .sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  },
  remove: (name) => {
    for (const suffix of ['', '-wal', '-shm', '-journal']) {
      rmSync(join(options.directory, `${name}${SUFFIX}${suffix}`), { force: true });
    }
  },
});

/** Opens one file, or `:memory:`. Errors: `database_in_use`, `database_corrupt`, `storage_full`. */
export const openBetterSqlite3 = (path: string): Driver => {
  let connection: Database.Database;
  try {
    connection = new Database(path, { timeout: 0 });
  } catch (error) {
    throw translated(error, path);
  }
  return betterSqlite3Over(connection, path);
};

/** A driver over an open connection, which it closes: a file, `:memory:`, or a copy of a database in memory. */
export const betterSqlite3Over = (connection: Database.Database, path: string): Driver => {
  try {
    connection.pragma('locking_mode = exclusive');
    connection.pragma('journal_mode = wal');
    connection.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    connection.pragma('foreign_keys = off');
    // The lock is taken with the first write transaction, not with the opening of the file.
    connection.exec('begin immediate; commit');
    return new BetterSqlite3Driver(connection, path, path === ':memory:' ? 'memory' : 'full');
  } catch (error) {
    connection.close();
    throw translated(error, path);
  }
};

class BetterSqlite3Driver implements Driver {
  readonly durability;
  readonly #connection: Database.Database;
  readonly #path: string;
  readonly #statements = new Map<string, Statement>();
  #synchronous: 'full' | 'normal' | undefined;

  constructor(connection: Database.Database, path: string, durability: 'full' | 'memory') {
    this.#connection = connection;
    this.#path = path;
    this.durability = durability;
  }

  prepare(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#guarded(
      () => new BetterSqlite3Statement(this.#connection.prepare(sql), this.#path),
    );
    if (this.#statements.size >= MAX_STATEMENTS) {
      for (const oldest of this.#statements.keys()) {
        this.#statements.delete(oldest);
        break;
      }
    }
    this.#statements.set(sql, statement);
    return statement;
  }

  exec(sql: string): void {
    this.#guarded(() => this.#connection.exec(sql));
  }

  setDurability(durability: 'full' | 'normal'): void {
    if (durability === this.#synchronous) return;
    this.#guarded(() => this.#connection.pragma(`synchronous = ${durability}`));
    this.#synchronous = durability;
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }

  #guarded<T>(work: () => T): T {
    if (!this.#connection.open) throw new SatchelError('database_closed');
    try {
      return work();
    } catch (error) {
      throw translated(error, this.#path);
    }
  }
}

class BetterSqlite3Statement implements Statement {
  readonly reader: boolean;
  readonly readonly: boolean;
  readonly #statement: Database.Statement<unknown[], SqlRow>;
  readonly #path: string;

  constructor(statement: Database.Statement<unknown[]>, path: string) {
    this.#statement = statement as Database.Statement<unknown[], SqlRow>;
    this.#path = path;
    this.reader = statement.reader;
    this.readonly = statement.readonly;
  }

  run(parameters: readonly SqlValue[] = []): number {
    try {
      if (this.reader) return this.#statement.all(...parameters).length;
      return this.#statement.run(...parameters).changes;
    } catch (error) {
      throw this.#translated(error);
    }
  }

  runEach(rows: number, parameters: readonly Parameter[], expected?: number): number[] {
    const statement = this.#statement;
    try {
      return rowByRow((bound) => statement.run(bound).changes, rows, parameters, expected);
    } catch (error) {
      throw this.#translated(error);
    }
  }

  all(parameters: readonly SqlValue[] = []): SqlRow[] {
    try {
      return this.#statement.all(...parameters);
    } catch (error) {
      throw this.#translated(error);
    }
  }

  get(parameters: readonly SqlValue[] = []): SqlRow | undefined {
    try {
      return this.#statement.get(...parameters);
    } catch (error) {
      throw this.#translated(error);
    }
  }

  #translated(error: unknown): unknown {
    return translated(error, this.#path, this.#statement.database.open);
  }
}

/** SQLite's and better-sqlite3's errors by their codes, in the words of the catalogue. */
const translated = (error: unknown, path: string, open = true): unknown => {
  if (error instanceof SatchelError || !(error instanceof Error)) return error;
  if (!open) return new SatchelError('database_closed', {}, { cause: error });
  const code = (error as Error & { code?: unknown }).code;
  if (typeof code !== 'string') {
    // Wrong number or type of parameters: better-sqlite3 throws RangeError and TypeError.
    const isMisuse = error instanceof RangeError || error instanceof TypeError;
    return isMisuse
      ? new SatchelError('sql_failed', { detail: error.message, sqlite: 'SQLITE_MISUSE' }, { cause: error })
      : error;
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new SatchelError('database_in_use', { path }, { cause: error });
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return new SatchelError('database_corrupt', { detail: error.message }, { cause: error });
  }
  if (code === 'SQLITE_FULL') return new SatchelError('storage_full', {}, { cause: error });
  if (code === 'SQLITE_CANTOPEN' || code.startsWith('SQLITE_IOERR') || code.startsWith('SQLITE_READONLY')) {
    return new SatchelError('storage_unavailable', { detail: error.message }, { cause: error });
  }
  if (code.startsWith('SQLITE_')) {
    return new SatchelError('sql_failed', { detail: error.message, sqlite: code }, { cause: error });
  }
  return error;
};
