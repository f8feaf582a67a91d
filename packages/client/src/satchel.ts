import { type Json, SatchelError, type Subscription } from '@satchel/protocol';
import type { App, FunctionArgs, FunctionName, FunctionResult, Query, SyncSettings } from '@satchel/schema';
import type { SqlRow } from './database/driver.ts';
import { databaseName, databasePrefix } from './database-name.ts';
import type { EngineFacts, MeterEntry, RowState, SyncRun, Written } from './engine.ts';
import type { EnginePort } from './engine-port.ts';
import { type Conflicts, conflictsOf } from './face/conflicts.ts';
import { type Journal, journalOf } from './face/journal.ts';
import { type Outbox, outboxOf } from './face/outbox.ts';
import { type Quarantine, quarantineOf } from './face/quarantine.ts';
import { keptSettings, type Settings, settingsOf } from './face/settings.ts';
import { type SyncControl, syncControl } from './face/sync-control.ts';
import { LiveQueries, type LiveQuery } from './live/live-queries.ts';
import type { RowDiff } from './live/row-diff.ts';
import type { Platform } from './platform.ts';
import { checkServerAddress } from './server-address.ts';
import { type SyncStatus, statusOf } from './status.ts';
import { type DeviceSettings, defaultSettings } from './sync/device-settings.ts';
import { httpTransport } from './sync/http-transport.ts';
import type { SyncHeard, SyncPort } from './sync/sync-port.ts';
import { type DeviceName, openSyncing } from './sync/syncing.ts';
import type { TokenSource, Transport } from './sync/transport.ts';
import { type VerifyReport, verify } from './sync/verify.ts';

export interface SatchelOptions<A extends App = App> {
  readonly app: A;
  readonly platform: Platform;
  /** Address of the server, for example `https://sync.example.org`. */
  readonly server: string;
  /** Who is signed in: `id` is the `sub` of the token. Each user has a database of his own. */
  readonly user: { readonly id: string };
  /** Gives the token of the signed-in user, or null while there is none; called for each exchange. */
  readonly token: TokenSource;
  /** How this device calls itself on administrators' lists. */
  readonly device?: DeviceName;
  /** What to hold of what the user may hold; default all. */
  readonly subscription?: Subscription;
  /** Overrides of the app's `sync` on this device. */
  readonly sync?: Partial<SyncSettings>;
  /** How safe a local write is once its promise resolved. Default `full`: it survives power loss. */
  readonly durability?: 'full' | 'normal';
  /** Starts the sync loop at once. Default true. */
  readonly start?: boolean;
  /** Another road to the server than HTTP. */
  readonly transport?: Transport;
  /** Hears what is no `SatchelError`: a bug of Satchel or of the platform. Default: thrown where nothing catches it. */
  readonly onCrash?: (error: unknown) => void;
}

/** Names of the app's functions; any where the app's types are not known. */
type RunName<A> = [FunctionName<A>] extends [never] ? string : FunctionName<A>;
type ArgsOf<A, N> = N extends FunctionName<A> ? FunctionArgs<A, N> : never;
type ResultOf<A, N> = N extends FunctionName<A> ? FunctionResult<A, N> : never;
/** What a function of the app takes; anything where the app's types are not known. */
type RunArgs<A, N> = [ArgsOf<A, N>] extends [never]
  ? [args?: Json]
  : undefined extends ArgsOf<A, N>
    ? [args?: ArgsOf<A, N> & Json]
    : [args: ArgsOf<A, N> & Json];
type RunResult<A, N> = [ResultOf<A, N>] extends [never] ? Json | undefined : ResultOf<A, N>;

/** Milliseconds between two tellings of the status. */
const STATUS_EVERY = 50;

/** A statement, or a query of Kysely's that is not yet compiled. */
export type Statement = Query | { compile(): Query };

const compiled = (statement: Statement): Query => ('compile' in statement ? statement.compile() : statement);
const plain = ({ sql, parameters }: Query): Query =>
  parameters ? { sql, parameters: [...parameters] } : { sql };

/**
 * Opens the local database of an app and a user, and starts to sync it.
 *
 * Everything written is on the device when its promise resolves, whatever the
 * network does.
 *
 * @throws `database_in_use` when another process has the database open, `config_invalid`
 * when `server` is no address
 *
 * @example
 * ```ts
 * const db = await openSatchel({ app, platform: nodePlatform({ directory }), server, user, token });
 * await db.write([{ sql: 'insert into products (id, store_id, name) values (?, ?, ?)', parameters: [id, '42', 'Tea'] }]);
 * const rows = await db.all('select name from products');
 * await db.close();
 * ```
 */
export const openSatchel = async <A extends App>(options: SatchelOptions<A>): Promise<Satchel<A>> => {
  const { app, platform, server, user } = options;
  if (!options.transport) checkServerAddress(server);
  const name = databaseName(app.name, server, user.id);
  const port = await platform.openEngine({
    app,
    name,
    userId: user.id,
    durability: options.durability ?? 'full',
    syncing: {
      server,
      token: options.token,
      sync: options.sync,
      device: options.device,
      subscription: options.subscription,
    },
  });
  const transport =
    options.transport ??
    httpTransport({
      server,
      token: options.token,
      exchange: platform.exchange,
      openSocket: platform.openSocket,
      live: { scheduler: platform.scheduler, userId: user.id },
    });
  const facts = await port.call('facts');
  const sync = { ...app.sync, ...options.sync };
  const settings = await keptSettings(port, defaultSettings(sync));
  const join =
    port.joinSync?.bind(port) ??
    (await openSyncing({
      app,
      sync,
      device: options.device,
      subscription: options.subscription,
      settings,
      facts,
      port,
      transport,
      clock: platform.clock,
      random: platform.random,
      scheduler: platform.scheduler,
      network: platform.network,
      hour: platform.hour,
    }));
  const db = new Satchel(options, name, port, facts, transport, settings, join);
  if (options.start ?? true) db.sync.start();
  return db;
};

/** A database on this device, and its sync. Made by `openSatchel`. */
export class Satchel<A extends App = App> {
  readonly app: A;
  /** Name of the local database. */
  readonly name: string;
  readonly clientId: string;
  readonly sync: SyncControl;
  readonly outbox: Outbox;
  readonly quarantine: Quarantine;
  readonly conflicts: Conflicts;
  /** What a tab of a browser saved while another held the database, and could not be laid down. */
  readonly journal: Journal;
  /** What the person chose about sync on this device. */
  readonly settings: Settings;

  readonly #options: SatchelOptions<A>;
  readonly #platform: Platform;
  readonly #port: EnginePort;
  readonly #transport: Transport;
  readonly #loop: SyncPort;
  readonly #live: LiveQueries;
  readonly #abort = new AbortController();
  readonly #statusHeard = new Set<(status: SyncStatus) => void>();
  #telling = false;
  #tellAgain = false;
  #closed = false;

  /** Use `openSatchel`. */
  constructor(
    options: SatchelOptions<A>,
    name: string,
    port: EnginePort,
    facts: EngineFacts,
    transport: Transport,
    settings: DeviceSettings,
    join: (heard: SyncHeard) => SyncPort,
  ) {
    const { app, platform } = options;
    this.app = app;
    this.name = name;
    this.clientId = facts.clientId;
    this.#options = options;
    this.#platform = platform;
    this.#port = port;
    this.#live = new LiveQueries(port);
    this.#transport = transport;
    this.#loop = join({
      touched: (tables) => this.#live.touched(tables),
      changed: () => this.#statusChanged(),
      crashed: (error) => {
        if (this.#closed) return;
        if (options.onCrash) options.onCrash(error);
        else throw error;
      },
    });
    const changed = (): void => this.#statusChanged();
    this.settings = settingsOf(port, settings, (chosen) => this.#loop.settingsChanged(chosen));
    this.sync = syncControl(this.#loop, options.token, platform.scheduler);
    this.outbox = outboxOf(port, this.#loop, changed);
    this.quarantine = quarantineOf(port, (written) => this.#wrote(written), changed);
    this.journal = journalOf(port);
    this.conflicts = conflictsOf(
      port,
      this.#transport,
      this.#loop,
      this.clientId,
      this.#abort.signal,
      changed,
    );
  }

  /** One local transaction of several statements; all or none. Resolves when it is as durable as the storage makes it. */
  async write(statements: readonly Statement[], name?: string): Promise<Written> {
    const queries = statements.map((statement) => plain(compiled(statement)));
    const written = await this.#port.call('write', queries, ...(name === undefined ? [] : [name]));
    await this.#wrote(written);
    return written;
  }

  /** Runs a function of the app's definition, synchronously beside the database, as one local transaction. */
  async run<N extends RunName<A>>(name: N, ...[args]: RunArgs<A, N>): Promise<RunResult<A, N>> {
    return (await this.perform<N>(name, args ?? null)).result;
  }

  /** As `run`, and tells the mutation that it made, to follow where it stands. */
  async perform<N extends RunName<A>>(
    name: N,
    args: Json,
  ): Promise<Written & { readonly result: RunResult<A, N> }> {
    const { result, ...written } = await this.#port.call('run', name, args);
    await this.#wrote(written);
    return { ...written, result: result as RunResult<A, N> };
  }

  /** Rows of a query, as SQLite gives them. */
  all(sql: string, parameters?: readonly unknown[]): Promise<SqlRow[]> {
    return this.#port.call('all', sql, ...(parameters ? [[...parameters]] : []));
  }

  async get(sql: string, parameters?: readonly unknown[]): Promise<SqlRow | undefined> {
    return (await this.all(sql, parameters))[0];
  }

  /** Tells the rows of a query now, and what differs after each change of a table that it reads. */
  live(
    query: Statement & { readonly identity?: readonly string[] },
    heard: (diff: RowDiff) => void,
    failed: (error: unknown) => void = (error) => this.#options.onCrash?.(error),
  ): LiveQuery {
    const identity = query.identity;
    return this.#live.watch({ ...plain(compiled(query)), ...(identity ? { identity } : {}) }, heard, failed);
  }

  /** Whether a row is synced, pending, in conflict or failed, and its confirmed value. */
  rowState(table: string, key: string): Promise<RowState> {
    return this.#port.call('rowState', table, key);
  }

  async status(): Promise<SyncStatus> {
    const facts = await this.#port.call('facts');
    const { dailyBytes, monthlyBytes } = this.settings.get();
    const { retry } = { ...this.app.sync, ...this.#options.sync };
    return statusOf(facts, this.#loop.facts(), { dailyBytes, monthlyBytes }, retry.attempts);
  }

  /** Tells the status now and whenever it changes; returns a function that ends it. */
  onStatus(heard: (status: SyncStatus) => void): () => void {
    this.#statusHeard.add(heard);
    this.#statusChanged();
    return () => this.#statusHeard.delete(heard);
  }

  /** The last runs, newest first; 500 are kept. */
  history(limit = 10): Promise<SyncRun[]> {
    return this.#port.call('runs', limit);
  }

  /** Bytes on the wire since a day (`YYYY-MM-DD`, UTC), by traffic, direction and action. */
  async usage(sinceDay: string): Promise<MeterEntry[]> {
    this.#loop.keepCounts();
    return this.#port.call('usage', sinceDay);
  }

  /** Compares this device with the server, and repairs what differs unless told not to. */
  verify(
    options: { readonly depth?: 'quick' | 'deep'; readonly repair?: boolean } = {},
  ): Promise<VerifyReport> {
    const catchUp = async (): Promise<void> => {
      await this.#loop.now();
    };
    return verify(
      {
        port: this.#port,
        transport: this.#transport,
        clientId: this.clientId,
        sight: {
          schemaVersion: this.app.schemaVersion,
          ...(this.#loop.subscription ? { subscription: this.#loop.subscription } : {}),
        },
        catchUp,
        touched: (tables) => this.#live.touched(tables),
      },
      { depth: options.depth ?? 'quick', repair: options.repair ?? true },
      this.#abort.signal,
    );
  }

  /**
   * Drops what the server has too, and copies it anew; unsent work stays and is on
   * screen again with the copy. Needs the server to fill the screens again.
   */
  async clear(): Promise<void> {
    await this.#port.call('wipe');
    this.#live.touched(Object.keys(this.app.tables));
    this.#statusChanged();
    await this.#loop.now();
  }

  /** Names of the databases of this app on this device, this one among them. */
  databases(): Promise<readonly string[]> {
    return this.#platform.databases(databasePrefix(this.app.name));
  }

  /** Resolves when all that was committed is durable. */
  settled(): Promise<void> {
    return this.#port.settled();
  }

  /**
   * Signs the user out.
   * - `upload`: sends what is waiting first; throws `pending_work` if some of it could not go.
   * - `keep`: closes; what is waiting stays for this user's next sign-in.
   * - `discard`: gives what was waiting as text, then removes the database.
   */
  async logout(mode: 'upload' | 'keep' | 'discard'): Promise<{ readonly exported: string | null }> {
    switch (mode) {
      case 'upload': {
        await this.#loop.now();
        const { pending } = await this.#port.call('facts');
        if (pending > 0) throw new SatchelError('pending_work', { pending });
        await this.close();
        await this.#platform.remove(this.name);
        return { exported: null };
      }
      case 'keep':
        await this.close();
        return { exported: null };
      case 'discard': {
        const exported = await this.#port.call('exportPending');
        await this.close();
        await this.#platform.remove(this.name);
        return { exported };
      }
    }
  }

  /** Ends sync and lets go of the database. What is waiting stays in it. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#abort.abort();
    this.#live.stopAll();
    await this.#loop.close();
    await this.#port.close();
  }

  async #wrote(written: Written): Promise<void> {
    this.#live.touched(written.tables);
    await this.#port.settled();
    if (written.mutationId !== null) {
      this.#loop.wrote(written);
      this.#statusChanged();
    }
  }

  /** Tells the status at once, and then at most every `STATUS_EVERY`, however much changes meanwhile. */
  #statusChanged(): void {
    if (this.#statusHeard.size === 0 || this.#closed) return;
    if (this.#telling) {
      this.#tellAgain = true;
      return;
    }
    this.#telling = true;
    this.status().then(
      (status) => {
        if (this.#closed) return;
        for (const heard of this.#statusHeard) heard(status);
        this.#platform.scheduler.after(STATUS_EVERY, () => {
          this.#telling = false;
          if (!this.#tellAgain) return;
          this.#tellAgain = false;
          this.#statusChanged();
        });
      },
      () => {
        // The database was closed while it was asked.
        this.#telling = false;
      },
    );
  }
}
