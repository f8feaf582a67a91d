import type { Scheduler } from '@satchel/core';
import { InvariantError, SatchelError } from '@satchel/protocol';
import pg from 'pg';
import type { Log } from '../context.ts';
import type { Database, QueryResult, Transaction, TransactionMode } from './database.ts';
import { listenForever } from './listener.ts';
import { isConnectionLost } from './pg-errors.ts';
import { together } from './together.ts';
import { valueParsers } from './value-parsers.ts';

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database`; a percent-encoded path as host is a Unix socket. */
  readonly url: string;
  /** Connections at most. Default 10. */
  readonly connections?: number;
  /** Shown in `pg_stat_activity`. Default `satchel`. */
  readonly applicationName?: string;
  /** Milliseconds for a connection to be made, or to become free. Default 10,000. */
  readonly connectWithin?: number;
  /** Milliseconds after which an unused connection is closed; 0 is never. Default 300,000. */
  readonly idleAfter?: number;
  /** Waits between attempts of `listen` to connect again. Default: timers that keep no process alive. */
  readonly scheduler?: Scheduler;
  readonly log?: Log;
  /** The class of the connections. Default the driver's; the simulation puts its scheduler into one. */
  readonly connection?: new (
    config?: pg.ClientConfig,
  ) => pg.ClientBase;
}

/**
 * Opens a pool of connections and makes sure that one works.
 *
 * int8 comes back as a number (as text beyond 2^53-1), dates and times as text, json as
 * data, everything PostgreSQL-specific (xid8, pg_lsn, pg_snapshot, numeric, uuid) as text.
 *
 * @throws `database_unavailable`, `postgres_too_old`; the driver's own error for a wrong password or database
 * @example
 * ```ts
 * const db = await openDatabase('postgres://satchel@localhost/satchel');
 * const { rows } = await db.query<{ n: number }>('select 1 as n');
 * await db.close();
 * ```
 */
export const openDatabase = async (options: string | DatabaseOptions): Promise<Database> => {
  const database = new PgDatabase(typeof options === 'string' ? { url: options } : options);
  try {
    const { rows } = await database.query<{ number: number; text: string }>(
      `select current_setting('server_version_num')::int as number, current_setting('server_version') as text`,
    );
    const version = rows[0];
    if (!version || version.number < OLDEST_VERSION) {
      throw new SatchelError('postgres_too_old', { version: version?.text ?? '?' });
    }
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
};

const OLDEST_VERSION = 150_000;

/** Milliseconds for connections to end after the goodbye. */
const END_WITHIN = 1_000;

/**
 * What every connection of ours is told once. A client that dies in mid-transaction
 * must not hold its locks for ever; single statements, too, wait for others instead of
 * failing, whatever the database defaults to; JIT costs more than our short statements take; for a
 * role called satchel, our own tables would come before the app's of the same name.
 */
const SESSION_SETTINGS = `
  set synchronous_commit = on;
  set default_transaction_isolation = 'read committed';
  set idle_in_transaction_session_timeout = '60s';
  set client_min_messages = warning;
  set extra_float_digits = 1;
  set timezone = 'UTC';
  set datestyle = 'ISO, YMD';
  set bytea_output = 'hex';
  set standard_conforming_strings = on;
  set search_path = public;
  set jit = off`;

// SET LOCAL again: a pooler between us and the server may have given us another session.
const BEGIN_WRITE = 'begin isolation level read committed read write; set local synchronous_commit = on';

const BEGIN: Readonly<Record<TransactionMode, string>> = {
  write: BEGIN_WRITE,
  'read-then-write': BEGIN_WRITE,
  snapshot: 'begin isolation level repeatable read read only',
};

/** The driver's types do not know these yet. */
interface PoolConfig extends pg.PoolConfig {
  readonly onConnect: (client: pg.ClientBase) => Promise<void>;
  /** Statements leave when they are asked for, behind those that have no answer yet (`together`). */
  readonly pipeline: boolean;
}

class PgDatabase implements Database {
  readonly #pool: pg.Pool;
  readonly #options: DatabaseOptions;
  readonly #config: pg.ClientConfig;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#config = {
      connectionString: options.url,
      application_name: options.applicationName ?? 'satchel',
      connectionTimeoutMillis: options.connectWithin ?? 10_000,
      keepAlive: true,
      types: valueParsers,
    };
    const pool: PoolConfig = {
      ...this.#config,
      pipeline: true,
      max: options.connections ?? 10,
      idleTimeoutMillis: options.idleAfter ?? 300_000,
      // Unused connections keep no process alive.
      allowExitOnIdle: true,
      ...(options.connection ? { Client: options.connection } : {}),
      onConnect: async (client) => {
        await client.query(SESSION_SETTINGS);
      },
    };
    this.#pool = new pg.Pool(pool);
    this.#pool.on('error', (error) => this.#lost(error));
    this.#pool.on('connect', watch);
  }

  async query<R>(text: string, parameters?: readonly unknown[], name?: string): Promise<QueryResult<R>> {
    const client = await this.#connect();
    let failure: unknown;
    try {
      return await run<R>(client, text, parameters, name);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      client.release(isConnectionLost(failure));
    }
  }

  async transaction<T>(mode: TransactionMode, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let broken = false;
    let isLeft = false;
    try {
      const begun = run(client, BEGIN[mode]);
      // What only reads need not wait until it has begun: nothing is kept of it if it does not.
      if (mode === 'write') await begun;
      const tx = new PgTransaction(client, mode === 'read-then-write' ? begun : null);
      const [, result] = await together([begun, work(tx)]);
      if (mode === 'snapshot' && !tx.isLost) {
        isLeft = true;
        this.#leave(client);
      } else await commit(client);
      return result;
    } catch (error) {
      broken = isConnectionLost(error);
      if (!broken) {
        try {
          await run(client, 'rollback');
        } catch {
          broken = true;
        }
      }
      throw error;
    } finally {
      if (!isLeft) client.release(broken);
    }
  }

  /** Nothing hangs on the end of a transaction that only read: nobody waits for it but the next on this connection. */
  #leave(client: pg.PoolClient): void {
    commit(client).then(
      () => client.release(),
      (error: unknown) => {
        this.#lost(error);
        client.release(true);
      },
    );
  }

  async listen(
    channel: string,
    heard: (payload: string) => void,
    reconnected: () => void,
  ): Promise<() => Promise<void>> {
    return listenForever({
      connect: async () => {
        const client = new pg.Client(this.#config);
        watch(client);
        try {
          await client.connect();
        } catch (error) {
          throw unavailable(error, true);
        }
        return client;
      },
      channel,
      heard,
      reconnected,
      lost: (error) => this.#lost(error),
      ...(this.#options.scheduler ? { scheduler: this.#options.scheduler } : {}),
    });
  }

  /** The pool forgets a connection as it says goodbye; whoever stops PostgreSQL next has to know it gone. */
  async close(): Promise<void> {
    let open = this.#pool.totalCount;
    const gone = new Promise<void>((resolve) => {
      // Idle connections keep no process alive: the timer does, until they have ended.
      const bound = setTimeout(resolve, END_WITHIN);
      const settle = (): void => {
        if (open > 0) return;
        clearTimeout(bound);
        resolve();
      };
      this.#pool.on('remove', () => {
        open -= 1;
        settle();
      });
      settle();
    });
    await this.#pool.end();
    await gone;
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw unavailable(error, true);
    }
  }

  #lost(error: unknown): void {
    this.#options.log?.warn({ err: error }, 'a connection to PostgreSQL was lost');
  }
}

class PgTransaction implements Transaction {
  readonly #client: pg.PoolClient;
  /** What the first statement goes with: nothing else is sent before it is there. */
  #begun: Promise<unknown> | null;
  #depth = 0;
  /** After it the transaction is lost: statements behind it only say so, and not why. */
  #failure: { readonly error: unknown } | null = null;

  constructor(client: pg.PoolClient, begun: Promise<unknown> | null) {
    this.#client = client;
    this.#begun = begun;
  }

  /** One of its statements failed: PostgreSQL takes no more of it. */
  get isLost(): boolean {
    return this.#failure !== null;
  }

  async query<R>(text: string, parameters?: readonly unknown[], name?: string): Promise<QueryResult<R>> {
    const begun = this.#begun;
    this.#begun = null;
    try {
      const sent = run<R>(this.#client, text, parameters, name);
      if (begun === null) return await sent;
      const [, result] = await together([begun, sent]);
      return result;
    } catch (error) {
      this.#failure ??= { error };
      throw this.#failure.error;
    }
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    this.#depth += 1;
    const name = `satchel_${this.#depth}`;
    await run(this.#client, `savepoint ${name}`);
    try {
      const result = await work();
      await run(this.#client, `release savepoint ${name}`);
      return result;
    } catch (error) {
      if (!isConnectionLost(error)) {
        await run(this.#client, `rollback to savepoint ${name}; release savepoint ${name}`);
        this.#failure = null;
      }
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }
}

/** With parameters or a name one statement; without either, several may stand in one text. */
const run = async <R>(
  client: pg.ClientBase,
  text: string,
  parameters: readonly unknown[] = [],
  name?: string,
): Promise<QueryResult<R>> => {
  inOneWrite(client);
  try {
    const result = await client.query<R & pg.QueryResultRow>({
      text,
      values: [...parameters],
      ...(name === undefined ? {} : { name }),
    });
    // Several statements in one text give an array: what the last one returned counts.
    const last = Array.isArray(result) ? (result as pg.QueryResult<R & pg.QueryResultRow>[]).at(-1) : result;
    return { rows: last?.rows ?? [], rowCount: last?.rowCount ?? 0 };
  } catch (error) {
    throw unavailable(error, lostClients.has(client));
  }
};

/**
 * What is asked for in one turn of the event loop leaves in one write: each write is a call
 * of the system, and those were a fifth of the server's CPU in small pushes.
 */
const inOneWrite = (client: pg.ClientBase): void => {
  const { stream } = (client as ConnectedClient).connection;
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
};

/** The driver's types know the connection of a client that is not of a pool alone. */
type ConnectedClient = pg.ClientBase & Pick<pg.Client, 'connection'>;

const commit = async (client: pg.ClientBase): Promise<void> => {
  let command: string;
  try {
    ({ command } = await client.query('commit'));
  } catch (error) {
    throw unavailable(error, lostClients.has(client));
  }
  // PostgreSQL answers the commit of a failed transaction with success and ROLLBACK.
  if (command !== 'COMMIT') {
    throw new InvariantError('a transaction went on after one of its statements had failed');
  }
};

/** The driver gives no code when a connection ends under a statement: its event says it first. */
const lostClients = new WeakSet<pg.ClientBase>();

const watch = (client: pg.ClientBase): void => {
  // Unheard, the event would end the process.
  client.on('error', () => lostClients.add(client));
  client.on('end', () => lostClients.add(client));
};

/** A lost connection becomes `database_unavailable`; what the server said stays as it is, for `pg-errors.ts`. */
const unavailable = (error: unknown, lost: boolean): unknown =>
  isConnectionLost(error) || (lost && !(error instanceof pg.DatabaseError))
    ? new SatchelError('database_unavailable', {}, { cause: error })
    : error;
