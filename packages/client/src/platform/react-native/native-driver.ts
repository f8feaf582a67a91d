import { SatchelError } from '@satchel/protocol';
import type { Driver, SqlRow, SqlValue, Statement } from '../../database/driver.ts';
import { rowByRow } from '../../database/row-by-row.ts';
import { sqlTokens } from '../../database/sql-text.ts';
import { sqliteFailure } from '../../database/sqlite-failure.ts';

/** A connection of a native module, as little of it as the driver needs. */
export interface NativeConnection {
  /** Prepares; a statement that cannot be prepared is an error here. */
  prepare(sql: string): NativeStatement;
  exec(sql: string): void;
  close(): void;
}

export interface NativeStatement {
  /** Number of rows that the statement changed itself. */
  run(parameters: readonly SqlValue[]): number;
  all(parameters: readonly SqlValue[]): SqlRow[];
  /** Frees what the module holds for it. */
  finalize(): void;
}

/** Statements kept prepared; beyond it the one that was made first goes. */
const MAX_STATEMENTS = 500;

const PRAGMAS = `
  pragma locking_mode = exclusive;
  pragma journal_mode = wal;
  pragma foreign_keys = off;
  begin immediate;
  commit;
`;

/**
 * A driver over a native module of React Native. As on Node the lock is SQLite's own,
 * held from the opening on.
 */
export const nativeDriver = (connection: NativeConnection, path: string): Driver => {
  const driver = new NativeDriver(connection, path);
  try {
    driver.exec(PRAGMAS);
  } catch (error) {
    driver.close();
    throw error;
  }
  return driver;
};

class NativeDriver implements Driver {
  readonly durability = 'full';
  readonly #connection: NativeConnection;
  readonly #path: string;
  readonly #statements = new Map<string, { statement: Statement; native: NativeStatement }>();
  #open = true;
  #synchronous: 'full' | 'normal' | undefined;

  constructor(connection: NativeConnection, path: string) {
    this.#connection = connection;
    this.#path = path;
  }

  prepare(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known) return known.statement;
    const native = this.#guarded(() => this.#connection.prepare(sql));
    const { reader, readonly } = kindOf(sql);
    const all = (parameters: readonly SqlValue[] = []): SqlRow[] =>
      this.#guarded(() => native.all(parameters));
    const statement: Statement = {
      reader,
      readonly,
      all,
      get: (parameters) => all(parameters)[0],
      run: (parameters = []) =>
        reader ? all(parameters).length : this.#guarded(() => native.run(parameters)),
      runEach: (rows, parameters, expected) =>
        this.#guarded(() => rowByRow((bound) => native.run(bound), rows, parameters, expected)),
    };
    if (this.#statements.size >= MAX_STATEMENTS) {
      for (const [oldest, { native: old }] of this.#statements) {
        old.finalize();
        this.#statements.delete(oldest);
        break;
      }
    }
    this.#statements.set(sql, { statement, native });
    return statement;
  }

  exec(sql: string): void {
    this.#guarded(() => this.#connection.exec(sql));
  }

  setDurability(durability: 'full' | 'normal'): void {
    if (durability === this.#synchronous) return;
    this.exec(`pragma synchronous = ${durability}`);
    this.#synchronous = durability;
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const { native } of this.#statements.values()) native.finalize();
    this.#statements.clear();
    this.#connection.close();
  }

  #guarded<T>(work: () => T): T {
    if (!this.#open) throw new SatchelError('database_closed');
    try {
      return work();
    } catch (error) {
      if (error instanceof SatchelError) throw error;
      throw nativeFailure(error, this.#path);
    }
  }
}

const WRITES = new Set(['insert', 'update', 'delete', 'replace']);
const GIVES_ROWS = new Set(['select', 'values', 'explain', 'pragma']);

/** Native modules do not say what a statement does: its words do. */
const kindOf = (sql: string): { readonly reader: boolean; readonly readonly: boolean } => {
  const words = sqlTokens(sql)
    .filter(({ kind }) => kind === 'word')
    .map(({ text }) => text.toLowerCase());
  const first = words[0] ?? '';
  if (GIVES_ROWS.has(first)) return { reader: true, readonly: true };
  const writes = first === 'with' ? words.some((word) => WRITES.has(word)) : WRITES.has(first);
  if (writes) return { reader: words.includes('returning'), readonly: false };
  return { reader: first === 'with', readonly: first === 'with' };
};

/** The texts with which SQLite itself begins its messages; they have not changed since 2004. */
const TEXTS: readonly (readonly [string, number])[] = [
  ['UNIQUE constraint failed', 2067],
  ['NOT NULL constraint failed', 1299],
  ['CHECK constraint failed', 275],
  ['FOREIGN KEY constraint failed', 787],
  ['constraint failed', 19],
  ['database is locked', 5],
  ['database table is locked', 6],
  ['database disk image is malformed', 11],
  ['file is not a database', 26],
  ['database or disk is full', 13],
  ['disk I/O error', 10],
  ['unable to open database file', 14],
  ['attempt to write a readonly database', 8],
];

/**
 * The modules throw SQLite's message and no code, so here, and here alone, the message
 * is what an error is told by. An error with a code of its own is believed.
 */
const nativeFailure = (error: unknown, path: string): SatchelError => {
  const { code, message } = (error instanceof Error ? error : new Error(String(error))) as Error & {
    code?: unknown;
  };
  const given = typeof code === 'number' ? code : undefined;
  const known = given ?? TEXTS.find(([text]) => message.includes(text))?.[1] ?? 1;
  return sqliteFailure(known, message, path, error);
};
