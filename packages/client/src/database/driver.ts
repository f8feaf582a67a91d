/**
 * A synchronous SQLite connection: what better-sqlite3, wasm SQLite in a worker,
 * expo-sqlite and op-sqlite all offer. The engine is the only caller.
 */
export type SqlValue = null | number | bigint | string | Uint8Array;
export type SqlRow = Record<string, SqlValue>;
/** For many rows: one value for all of them, or a list with one value a row. */
export type Parameter = SqlValue | readonly SqlValue[];

export interface Statement {
  /** Runs it for its effect; returns how many rows it changed itself (triggers not counted). */
  run(parameters?: readonly SqlValue[]): number;
  /**
   * Runs it once for each of so many rows, in their order; returns the places of those
   * for which it changed fewer rows than `expected`, which is 1 unless told otherwise.
   * For statements that give no rows. What throws leaves the rows before it done.
   */
  runEach(rows: number, parameters: readonly Parameter[], expected?: number): number[];
  all(parameters?: readonly SqlValue[]): SqlRow[];
  get(parameters?: readonly SqlValue[]): SqlRow | undefined;
  /** True for statements that give rows. */
  readonly reader: boolean;
  /** True for statements that cannot write. */
  readonly readonly: boolean;
}

/**
 * How safe a commit is once it returned.
 * - `full`: survives power loss. `normal`: survives a crash of the process, not of the machine.
 * - `mirrored`: survives once `flush()` resolved. `memory`: survives nothing.
 */
export type Durability = 'full' | 'normal' | 'mirrored' | 'memory';

export interface Driver {
  /** Prepares once and keeps the statement; the same text gives the same statement. */
  prepare(sql: string): Statement;
  /** Runs several statements without parameters. */
  exec(sql: string): void;
  /** Sets the durability of the commits that follow. */
  setDurability(durability: 'full' | 'normal'): void;
  /** What the storage can give at best. */
  readonly durability: Durability;
  /** Resolves when all that was committed is as durable as it will get. */
  flush(): Promise<void>;
  close(): void;
}

/**
 * Opens a database by name, under a lock that dies with its holder; `database_in_use`
 * when another process has it.
 */
export interface DriverFactory {
  open(name: string): Driver | Promise<Driver>;
  /** Names of the databases on this device that start with `prefix`. */
  list(prefix: string): readonly string[] | Promise<readonly string[]>;
  /** Removes a closed database for good. */
  remove(name: string): void | Promise<void>;
}
