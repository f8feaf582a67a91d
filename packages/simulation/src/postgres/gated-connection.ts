import type { Duplex } from 'node:stream';
import type { Clock } from '@satchel/core';
import pg from 'pg';
import type { Gate, Operation, Owner } from './gate.ts';
import { NOTED } from './probe.ts';

type Callback = (error?: Error) => void;

interface Asked {
  readonly text: string;
  readonly values?: unknown[];
  readonly name?: string;
}

/** `satchel.now` as text of SQL; virtual time is a number. */
const nowText = (now: number): string => `set satchel.now = '${now}'`;

/** Names of statements end in a hash of their text, in which numbers of this database may stand. */
const HASH = /_[0-9a-f]{24}$/;

/** Statements that tell, in `flushed`, whether the log is on disk. */
const ASKS_OF_THE_LOG = new Set(['moments_standing', 'moments_flushed']);
/** The one call that flushes the log and takes no transaction id. */
const FLUSH = `select pg_logical_emit_message(false, '', '', true)`;

/** A transaction that lies open for a virtual second may lie there for a real minute: that ends none. */
const beginText = (now: number): string =>
  `set local satchel.now = '${now}'; set local idle_in_transaction_session_timeout = 0`;

/**
 * Connections that ask the gate before each statement, and that tell PostgreSQL the
 * virtual time: SQL never sees another.
 */
export const gatedConnections = (given: {
  readonly gate: Gate;
  readonly owner: Owner;
  readonly clock: Clock;
  /** Statements to be known of, for example notifications. */
  readonly ran?: (asked: Asked) => void;
  readonly opened?: (connection: pg.Client) => void;
}): (new (
  config?: pg.ClientConfig,
) => pg.Client) => {
  const { gate, owner, clock } = given;
  class GatedConnection extends pg.Client {
    /** What the session, and the transaction, were last told. */
    #sessionNow = 0;
    #localNow: number | null = null;
    #inTransaction = false;
    #writes = false;
    #failed = false;
    #lost = false;
    #isClosed = false;
    readonly #noted = new Set<string>();
    /** Ends with the statement asked last. */
    #last: Promise<void> = Promise.resolve();
    /** Called when PostgreSQL is ready for the next statement, or gone. */
    #rested = () => {};

    constructor(config?: pg.ClientConfig) {
      // The time and the statement that it is for leave at once.
      super({ ...config, pipeline: true } as pg.ClientConfig);
      this.on('error', () => {
        this.#lost = true;
      });
      this.on('drain', () => this.#rested());
      this.on('notice', ({ code, message }) => {
        if (code === NOTED && message !== undefined) this.#noted.add(message);
      });
      this.on('end', () => {
        this.#lost = true;
        this.#isClosed = true;
        const pid = pidOf(this);
        if (pid !== null) gate.closed(pid);
        this.#rested();
      });
    }

    takeNoted(): readonly string[] {
      const noted = [...this.#noted];
      this.#noted.clear();
      return noted;
    }

    override connect(): Promise<void>;
    override connect(callback: Callback): void;
    override connect(callback?: Callback): Promise<void> | undefined {
      const connecting = this.#ask('', 'connect', {
        frees: false,
        run: async () => {
          await super.connect();
          gate.opened(pidOf(this) as number);
          given.opened?.(this);
        },
      }) as Promise<void>;
      if (!callback) return connecting;
      connecting.then(() => callback(), callback);
      return undefined;
    }

    // Called in two forms only: a text and its values, or an object; a promise back.
    override query(asked: unknown, values?: unknown): never {
      const query = (
        typeof asked === 'string' ? { text: asked, ...(values ? { values } : {}) } : asked
      ) as Asked;
      return this.#query(query) as never;
    }

    /** PostgreSQL takes the statements of one connection in order; the gate is asked for one at a time. */
    async #query(query: Asked): Promise<unknown> {
      const earlier = this.#last;
      let over = () => {};
      this.#last = new Promise((done) => {
        over = done;
      });
      await earlier;
      try {
        return await this.#queryNow(query);
      } finally {
        over();
      }
    }

    async #queryNow(query: Asked): Promise<unknown> {
      const text = query.text.trimStart().toLowerCase();
      const begins = text.startsWith('begin');
      const commits = text === 'commit';
      const ends = commits || text === 'rollback';
      const reads = text.startsWith('select') || text.startsWith('set');
      const kind =
        commits && this.#writes
          ? 'commit'
          : this.#inTransaction || reads || begins || ends
            ? ''
            : 'autocommit';
      const frees = !begins && (!this.#inTransaction || ends || text.startsWith('rollback'));
      const label = (query.name ?? text.slice(0, 40)).replaceAll(/\s+/g, ' ').replace(HASH, '');
      try {
        const result = await this.#ask(kind, label, {
          frees,
          run: async () => {
            const isOnDisk = ASKS_OF_THE_LOG.has(label) ? gate.logIsOnDisk(owner) : undefined;
            const text = begins ? `${query.text}; ${beginText(clock.now())}` : query.text;
            // What goes before it leaves with it: PostgreSQL is woken once.
            const { stream } = streamOf(this);
            stream.cork();
            if (isOnDisk) this.#sendBefore(FLUSH);
            this.#tellTime(begins || ends);
            const sent = this.#send({ ...query, text });
            stream.uncork();
            const ran = await sent;
            if (begins) {
              this.#inTransaction = true;
              this.#writes = !text.includes('read only');
              this.#localNow = clock.now();
            }
            if (ends) this.#ended();
            if (isOnDisk !== undefined)
              for (const row of (ran as pg.QueryResult).rows) row.flushed = isOnDisk;
            return ran;
          },
        });
        given.ran?.(query);
        return begins && Array.isArray(result) ? result.slice(0, -2) : result;
      } catch (error) {
        if (this.#inTransaction) this.#failed = true;
        if (ends) this.#ended();
        throw error;
      } finally {
        if (text.startsWith('rollback to')) {
          this.#failed = false;
          this.#localNow = null;
        }
      }
    }

    #ended(): void {
      this.#inTransaction = false;
      this.#failed = false;
      this.#localNow = null;
    }

    /** An error is told before the locks are given back: it counts when PostgreSQL is ready again. */
    async #send(asked: Asked): Promise<unknown> {
      try {
        return await (super.query as (asked: Asked) => Promise<unknown>).call(this, asked);
      } catch (error) {
        if (!this.#isClosed && !isReady(this))
          await new Promise<void>((done) => {
            this.#rested = done;
          });
        throw error;
      }
    }

    #tellTime(isBoundary: boolean): void {
      const now = clock.now();
      // A read-only transaction keeps the time of its beginning: it takes none.
      if (this.#lost || isBoundary || this.#failed || (this.#inTransaction && !this.#writes)) return;
      const known = this.#inTransaction ? this.#localNow : this.#sessionNow;
      if (known === now) return;
      if (this.#inTransaction) this.#localNow = now;
      else this.#sessionNow = now;
      const text = this.#inTransaction ? nowText(now).replace('set ', 'set local ') : nowText(now);
      this.#sendBefore(text);
    }

    #sendBefore(text: string): void {
      (super.query as (text: string) => Promise<unknown>).call(this, text).catch(() => undefined);
    }

    #ask(ends: Operation['ends'], label: string, work: Pick<Operation, 'run' | 'frees'>): Promise<unknown> {
      if (!owner.alive) return new Promise(() => {});
      return new Promise((done, failed) => {
        gate.submit({
          owner,
          connection: this as never,
          ends,
          label,
          ...work,
          done,
          failed,
        });
      });
    }
  }
  return GatedConnection as never;
};

/** The backend of a connection; the driver's types do not know the number. */
export const pidOf = (client: pg.Client): number | null =>
  (client as unknown as { readonly processID: number | null }).processID;

/** What a connection writes to; the driver's types do not know it. */
const streamOf = (client: pg.Client): { readonly stream: Duplex } =>
  (client as unknown as { readonly connection: { readonly stream: Duplex } }).connection;

const isReady = (client: pg.Client): boolean =>
  (client as unknown as { readonly readyForQuery: boolean }).readyForQuery;
