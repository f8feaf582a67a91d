/**
 * What the server asks of PostgreSQL: parametrised statements, transactions, and
 * notifications. `PgDatabase` (in `pg-database.ts`) is the one implementation; the
 * simulation puts its scheduler between.
 */
export interface QueryResult<R> {
  readonly rows: R[];
  readonly rowCount: number;
}

export interface Queryable {
  /**
   * Runs one statement. `name` makes it a prepared statement of the connection: give
   * one to every statement whose text does not vary.
   */
  query<R = Record<string, unknown>>(
    text: string,
    parameters?: readonly unknown[],
    name?: string,
  ): Promise<QueryResult<R>>;
}

export interface Transaction extends Queryable {
  /** Runs `work` under a savepoint, rolled back when it throws. */
  savepoint<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * - `write`: READ COMMITTED, `synchronous_commit = on`.
 * - `read-then-write`: the same, where the first statement only reads: it is sent along
 *   with BEGIN, for one round trip less. It has to be waited for before the next one.
 * - `snapshot`: REPEATABLE READ, READ ONLY: never gets an xid. Its COMMIT is sent, and not
 *   waited for: all that was read is known by then, and it can end in no other way.
 */
export type TransactionMode = 'write' | 'read-then-write' | 'snapshot';

export interface Database extends Queryable {
  transaction<T>(mode: TransactionMode, work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Calls `heard` with each payload on `channel` until the returned function is called. Connects again by itself; `reconnected` is called after it did. */
  listen(
    channel: string,
    heard: (payload: string) => void,
    reconnected: () => void,
  ): Promise<() => Promise<void>>;
  close(): Promise<void>;
}
