import type { Clock, Scheduler, Timer } from '@satchel/core';
import {
  type Database,
  DEFAULT_LIMITS,
  type LiveSocket,
  type Log,
  type Node,
  originRule,
  startNode,
} from '@satchel/server';
import { openDatabase } from '@satchel/server/postgres';
import type pg from 'pg';
import { fieldApp, type SchemaVersion } from '../app/field-app.ts';
import type { Gate, Owner } from '../postgres/gate.ts';
import { gatedConnections } from '../postgres/gated-connection.ts';
import { Draw } from './draw.ts';
import type { Timeline } from './timeline.ts';
import { authenticateAt } from './tokens.ts';

/** What the network brings to a server. */
export interface Arriving {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface ServerGiven {
  readonly name: string;
  readonly seed: number;
  readonly timeline: Timeline;
  readonly gate: Gate;
  readonly databaseUrl: string;
  readonly version: SchemaVersion;
  /** This server's clock minus true time, milliseconds. */
  readonly clockError: number;
  /** A node tells the others that something is new. */
  readonly notify: (from: ServerProcess, channel: string, payload: string) => void;
  /** Ends connections and waits until they are gone, with their transactions and locks. */
  readonly terminate: (clients: Iterable<pg.Client>) => Promise<void>;
  /** What the server logged as an error. */
  readonly failed: (server: ServerProcess, what: string) => void;
}

/** One server process: the real node, over connections that ask the gate. It can die at any commit. */
export class ServerProcess implements Owner {
  readonly name: string;
  readonly kind = 'server';
  readonly version: SchemaVersion;
  alive = true;
  slowness = 0;
  onCommit?: (when: 'before' | 'after') => boolean;
  readonly #given: ServerGiven;
  readonly #connections = new Set<pg.Client>();
  readonly #listeners = new Map<string, Set<(payload: string) => void>>();
  /** Exchanges under way; a crash ends them. */
  readonly #breaks = new Set<() => void>();
  #node: Node | undefined;
  /** Its connections were ended. One that died at a commit is not alive, and still has them. */
  #isBuried = false;

  constructor(given: ServerGiven) {
    this.name = given.name;
    this.version = given.version;
    this.#given = given;
  }

  get isServing(): boolean {
    return this.alive && this.#node !== undefined && !this.#node.isStopping();
  }

  get node(): Node | undefined {
    return this.#node;
  }

  async start(): Promise<void> {
    const { timeline, gate, seed, name, clockError } = this.#given;
    const clock: Clock = { now: () => timeline.now() + clockError };
    const scheduler: Scheduler = {
      after: (delay, run): Timer =>
        timeline.after(delay, () => (this.alive ? run() : undefined), `timer ${name}`),
    };
    const connection = gatedConnections({
      gate,
      owner: this,
      clock: timeline,
      ran: ({ name: statement, values }) => {
        if (statement === 'announce') this.#given.notify(this, String(values?.[0]), String(values?.[1]));
      },
      opened: (opened) => {
        this.#connections.add(opened);
        opened.once('end', () => this.#connections.delete(opened));
      },
    });
    const log: Log = {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (fields, message) => this.#given.failed(this, `${message}: ${reportOf(fields)}`),
    };
    const real = await openDatabase({
      url: this.#given.databaseUrl,
      connections: 6,
      connectWithin: 0,
      idleAfter: 0,
      scheduler,
      log,
      connection,
    });
    const db: Database = {
      query: (...asked) => real.query(...asked),
      transaction: (mode, work) => real.transaction(mode, work),
      // Notifications come over the simulation's network: PostgreSQL's own come when they like.
      listen: async (channel, heard) => {
        const listeners = this.#listeners.get(channel) ?? new Set();
        this.#listeners.set(channel, listeners.add(heard));
        return async () => void listeners.delete(heard);
      },
      close: () => real.close(),
    };
    this.#node = await startNode({
      app: fieldApp(this.version),
      db,
      authenticate: authenticateAt(clock),
      limits: { ...DEFAULT_LIMITS, pageRows: 40, requestsPerMinute: 1e9 },
      rate: { perAddress: 1e9 },
      origins: originRule([]),
      log,
      clock,
      random: new Draw(seed, `server ${name}`).random,
      scheduler,
    });
  }

  hear(channel: string, payload: string): void {
    if (this.alive) for (const heard of this.#listeners.get(channel) ?? []) heard(payload);
  }

  /** Answers a request; `broken` is called instead when the connection ends first. */
  serve(arriving: Arriving, answered: (answer: Answered) => void, broken: () => void): void {
    const node = this.#node;
    if (!this.alive || !node) {
      broken();
      return;
    }
    let over = false;
    const end = (tell: () => void): void => {
      if (over) return;
      over = true;
      this.#breaks.delete(cut);
      tell();
    };
    const cut = (): void => end(broken);
    this.#breaks.add(cut);
    const request = new Request(`http://simulation${arriving.path}`, {
      method: arriving.method,
      headers: arriving.headers,
      ...(arriving.body === undefined ? {} : { body: arriving.body }),
    });
    const env = { incoming: { socket: { remoteAddress: '10.0.0.1', destroy: cut } } };
    Promise.resolve(node.http.fetch(request, env as never))
      .then(async (response) => {
        const text = await response.text();
        end(() => answered({ status: response.status, headers: Object.fromEntries(response.headers), text }));
      })
      .catch((error: unknown) => {
        this.#given.failed(this, `a request was not answered: ${String(error)}`);
        cut();
      });
  }

  accept(socket: LiveSocket) {
    return this.#node?.sessions.accept(socket);
  }

  /** The process is gone, between two statements; PostgreSQL finds its connections closed. */
  async crash(): Promise<void> {
    if (this.#isBuried) return;
    this.#isBuried = true;
    this.alive = false;
    for (const cut of [...this.#breaks]) cut();
    await this.dropConnections();
  }

  /** In good order: requests that run are answered first by the caller's letting time pass. */
  refuse(): void {
    this.#node?.refuse();
  }

  /** All that runs beside requests ends. The process is still there: `crash` buries it. */
  async wind(): Promise<void> {
    await this.#node?.stop();
  }

  /** Every connection to PostgreSQL ends, as when it restarts. The process lives on and connects again. */
  dropConnections(): Promise<void> {
    return this.#given.terminate(this.#connections);
  }
}

const reportOf = (fields: Readonly<Record<string, unknown>>): string => {
  const error = fields.err ?? fields.error;
  return error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(fields);
};
