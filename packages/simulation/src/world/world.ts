import type { Satchel } from '@satchel/client';
import { SatchelError } from '@satchel/protocol';
import pg from 'pg';
import type { SchemaVersion } from '../app/field-app.ts';
import type { Checker, Violation } from '../checker.ts';
import { type Fault, noFaultsFired } from '../faults.ts';
import type {
  CommittedMutation,
  CommittedRow,
  HistoryEvent,
  HistoryEventBody,
  PlainRow,
} from '../history.ts';
import type { Plan } from '../plan.ts';
import type { Cluster } from '../postgres/cluster.ts';
import { Gate, type Owner } from '../postgres/gate.ts';
import { pidOf } from '../postgres/gated-connection.ts';
import { Device, type User } from './device.ts';
import { Killed } from './disk.ts';
import { Marks } from './edits.ts';
import { Network } from './network.ts';
import { rawRow } from './rows.ts';
import { ServerProcess } from './server-process.ts';
import { SqlWriters } from './sql-writers.ts';
import { type Observed, observe } from './status.ts';
import { settle, Timeline } from './timeline.ts';
import { Trace } from './trace.ts';

/** True time at the start of every simulation. */
export const START = 1_800_000_000_000;
const SERVER_CLOCKS = [-300, 450] as const;

export interface WorldGiven {
  readonly seed: number;
  readonly plan: Plan;
  readonly cluster: Cluster;
  readonly database: string;
  readonly checkers: readonly Checker[];
  readonly onEvent?: (event: HistoryEvent) => void;
  readonly onTrace?: (line: string) => void;
}

export type Settled<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'never' };

/** Everything that there is in one simulation: time, network, servers, devices, and what is written down of them. */
export class World {
  readonly seed: number;
  readonly plan: Plan;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly gate: Gate;
  readonly devices: Device[] = [];
  readonly servers: ServerProcess[] = [];
  readonly writers: SqlWriters;
  readonly marks = new Marks();
  readonly history: HistoryEvent[] = [];
  readonly violations: Violation[] = [];
  readonly fired: Record<Fault, number> = noFaultsFired();
  /** What each device was last seen to show. */
  readonly observed = new Map<string, Observed>();
  /** What is to be done between two steps, once its time has come. */
  readonly pending: { readonly at: number; readonly run: () => unknown }[] = [];
  backup: { readonly name: string; readonly commits: number; readonly version: SchemaVersion } | null = null;
  migrating = false;
  /** PostgreSQL was taken away a moment ago: what fails for that is no bug. */
  databaseTrouble = false;
  serverVersion: SchemaVersion;
  database: string;
  step = 0;
  commits = 0;
  deviceMs = 0;
  readonly #trace: Trace;
  readonly #given: WorldGiven;
  readonly #checkers: readonly Checker[];
  #watcher: pg.Client | undefined;
  #reader: pg.Client | undefined;
  #starts = 0;

  constructor(given: WorldGiven) {
    const { seed, plan } = given;
    this.#given = given;
    this.#trace = new Trace(given.onTrace);
    this.seed = seed;
    this.plan = plan;
    this.database = given.database;
    this.serverVersion = plan.serverVersion;
    this.#checkers = given.checkers;
    this.timeline = new Timeline(START, seed, (label, at) => this.#trace.ran(label, at));
    this.gate = new Gate({
      timeline: this.timeline,
      seed,
      committed: (owner, noted) => this.#committed(owner, noted),
      waited: (owner) => this.fire('F38', owner.name, 'waits for a lock'),
    });
    this.network = new Network({
      timeline: this.timeline,
      seed,
      servers: () => this.servers,
      fired: (fault, target, detail) => this.fire(fault, target, detail),
    });
    this.writers = new SqlWriters(this);
  }

  get traceHash(): string {
    return this.#trace.digest();
  }

  get cluster(): Cluster {
    return this.#given.cluster;
  }

  get url(): string {
    return this.cluster.url(this.database);
  }

  /** The simulation's own connection to the database, ungated: for what no program of the world sees. */
  get reader(): pg.Client {
    return this.#reader as pg.Client;
  }

  async open(): Promise<void> {
    await this.openReaders();
    for (let index = 0; index < this.plan.servers; index += 1) await this.startServer(index);
    for (let index = 0; index < this.plan.clients; index += 1)
      this.devices.push(
        this.#newDevice(
          `c${index}`,
          this.userOf(index),
          this.plan.clientVersions[index] ?? this.serverVersion,
        ),
      );
    await this.writers.seedRows();
    for (const device of this.devices) await this.openDevice(device);
  }

  async openReaders(): Promise<void> {
    this.#watcher = await connected(this.cluster.url('postgres'));
    this.#reader = await connected(this.url);
    this.gate.open(this.#watcher);
  }

  async closeReaders(): Promise<void> {
    await this.#watcher?.end();
    await this.#reader?.end();
  }

  async close(): Promise<void> {
    for (const device of this.devices) device.kill();
    for (const server of this.servers) await server.crash();
    await this.writers.close();
    await this.closeReaders();
  }

  userOf(index: number): User {
    return { id: `user-${index}`, roles: index === 0 ? ['boss', 'clerk'] : index === 3 ? [] : ['clerk'] };
  }

  emit(body: HistoryEventBody): void {
    const event: HistoryEvent = {
      number: this.history.length,
      step: this.step,
      at: this.timeline.now(),
      ...body,
    };
    this.history.push(event);
    this.#trace.event(event.at, body);
    this.#given.onEvent?.(event);
    for (const checker of this.#checkers)
      for (const finding of checker.hear(event))
        this.violate(finding.invariant, finding.message, event.number);
  }

  stepDone(): void {
    for (const checker of this.#checkers)
      for (const finding of checker.stepDone?.(this.step) ?? [])
        this.violate(finding.invariant, finding.message, this.history.length - 1);
  }

  violate(invariant: string, message: string, event: number): void {
    this.violations.push({ invariant, message, step: this.step, event });
  }

  fire(fault: Fault, target: string, detail: string): void {
    this.fired[fault] += 1;
    this.emit({ kind: 'fault', fault, target, detail });
  }

  /** Lets time pass until the promise ends, at most `within` virtual milliseconds. */
  async until<T>(promise: Promise<T>, within = 120_000): Promise<Settled<T>> {
    let ended: Settled<T> = { kind: 'never' };
    promise.then(
      (value) => {
        ended = { kind: 'done', value };
      },
      (error: unknown) => {
        ended = { kind: 'failed', error };
      },
    );
    await settle();
    const deadline = this.timeline.now() + within;
    while ((ended as Settled<T>).kind === 'never') if (!(await this.timeline.step(deadline))) break;
    return ended;
  }

  // --- devices

  /** The device that a plan means by the number. */
  deviceAt(index: number): Device {
    return this.devices[index % this.devices.length] as Device;
  }

  #newDevice(name: string, user: User, version: SchemaVersion): Device {
    return new Device({
      name,
      seed: this.seed,
      timeline: this.timeline,
      network: this.network,
      user,
      version,
      told: (device, action, text) => this.#told(device, action, text),
      crashed: (device, error) => this.crashed(device.name, error),
      statusChanged: () => {},
    });
  }

  addDevice(name: string, like: Device): Device {
    const device = this.#newDevice(name, like.user, like.version);
    device.clockError = like.clockError;
    this.devices.push(device);
    return device;
  }

  /** Something other than a `SatchelError` came out of the engine. */
  crashed(where: string, error: unknown): void {
    if (error instanceof Killed) return;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.emit({ kind: 'crash', where, error: text });
    this.violate('crash', `${where}: ${text}`, this.history.length - 1);
  }

  /** Starts the app on a device; the code of why it could not, or `null`. */
  async openDevice(device: Device): Promise<string | null> {
    if (device.isAlive()) return null;
    try {
      const satchel = await device.open();
      this.emit({
        kind: 'opened',
        client: device.name,
        clientId: satchel.clientId,
        user: device.user.id,
        roles: device.user.roles,
        schemaVersion: device.version,
      });
      return null;
    } catch (error) {
      if (error instanceof Killed) return 'killed';
      if (error instanceof SatchelError) return error.code;
      this.crashed(device.name, error);
      return 'crashed';
    }
  }

  killDevice(device: Device, where: string): void {
    if (!device.isAlive()) return;
    device.kill();
    this.emit({ kind: 'killed', client: device.name, where });
  }

  /** Looks at every device that runs, as a screen would. */
  async observeAll(): Promise<void> {
    for (const device of this.devices) await this.lookAt(device, (satchel) => observe(this, device, satchel));
  }

  /** Reads something on a device; it may be killed under the look, or have no room for it. */
  async lookAt(device: Device, look: (satchel: Satchel) => Promise<unknown>): Promise<void> {
    if (!device.satchel) return;
    try {
      await look(device.satchel);
    } catch (error) {
      if (!(error instanceof Killed) && !(error instanceof SatchelError)) throw error;
    }
  }

  #told(device: Device, action: string, text: string): void {
    if (action === '/v1/push') this.#toldAnswers(device, text);
    this.emit({ kind: 'received', client: device.name, user: device.user.id, action, text });
  }

  #toldAnswers(device: Device, text: string): void {
    let answers: readonly WireAnswer[] | undefined;
    try {
      ({ answers } = JSON.parse(text) as { answers?: readonly WireAnswer[] });
    } catch {
      return;
    }
    for (const answer of answers ?? [])
      this.emit({
        kind: 'told',
        client: device.name,
        mutationId: answer.outcome?.mutationId ?? answer.mutationId ?? '',
        answer: answer.kind,
        outcome: answer.outcome?.outcome ?? null,
        repeat: answer.outcome?.repeat === true,
      });
  }

  // --- servers

  /** Starts the process in the place `index`; resolves when it serves. Time must pass meanwhile. */
  async launchServer(index: number): Promise<void> {
    this.#starts += 1;
    const server = new ServerProcess({
      name: `s${index}`,
      seed: this.seed * 1_000 + this.#starts,
      timeline: this.timeline,
      gate: this.gate,
      databaseUrl: this.url,
      version: this.serverVersion,
      clockError: SERVER_CLOCKS[index % SERVER_CLOCKS.length] as number,
      notify: (from, channel, payload) => this.#notify(from, channel, payload),
      terminate: (clients) => this.terminate(clients),
      failed: (from, what) => this.#serverFailed(from, what),
    });
    this.servers[index] = server;
    await server.start();
    this.emit({ kind: 'server', name: server.name, what: 'started' });
  }

  async startServer(index: number): Promise<void> {
    // Its migration waits for transactions of others that stay open for minutes.
    const ended = await this.until(this.launchServer(index), 600_000);
    if (ended.kind === 'failed') throw ended.error;
    if (ended.kind === 'never') throw new Error(`server ${index} did not start`);
  }

  /** The process in the place `index` dies, and its successor starts after `ms`. */
  async crashServer(index: number, restartAfter: number): Promise<void> {
    const server = this.servers[index];
    if (!server) return;
    await server.crash();
    this.network.serverGone(server);
    this.emit({ kind: 'server', name: server.name, what: 'crashed' });
    await this.gate.locksFreed();
    this.timeline.after(restartAfter, () => this.restartServer(index), 'restart');
  }

  /** Does not wait: the start itself asks the gate. */
  restartServer(index: number): void {
    if (this.servers[index]?.alive) return;
    // Whoever migrates starts all of them, in the new version: one of the old beside them would be no rollout.
    if (this.migrating) {
      this.timeline.after(2_000, () => this.restartServer(index), 'restart');
      return;
    }
    this.launchServer(index).catch((error: unknown) => {
      // The database was away while it started: the supervisor tries again.
      this.#noteTrouble(`start of s${index}`, error);
      const failed = this.servers[index];
      if (failed) this.timeline.after(0, () => failed.crash(), 'bury');
      this.timeline.after(2_000, () => this.restartServer(index), 'restart');
    });
  }

  #noteTrouble(where: string, error: unknown): void {
    if (error instanceof SatchelError && error.code === 'database_unavailable') return;
    this.crashed(where, error);
  }

  /** Lines that a server logs as errors. While the database is taken away they are expected. */
  #serverFailed(server: ServerProcess, what: string): void {
    if (this.databaseTrouble || /database_unavailable|terminat|57P0/.test(what)) return;
    this.crashed(server.name, new Error(what));
  }

  #notify(from: ServerProcess, channel: string, payload: string): void {
    for (const server of this.servers)
      if (server !== from && server.alive)
        this.timeline.after(1, () => server.hear(channel, payload), `notify ${server.name}`);
  }

  /**
   * Ends connections one after the other, so that what each had open fails in an order;
   * those that wait for a lock first, so that none gets it from another that ends.
   */
  async terminate(clients: Iterable<pg.Client>): Promise<void> {
    const watcher = this.#watcher as pg.Client;
    const open = [...clients].map((client) => ({ client, pid: pidOf(client) as number }));
    const isSetAside = new Set(open.filter(({ pid }) => this.gate.isSetAside(pid)));
    for (const one of [...isSetAside, ...open.filter((other) => !isSetAside.has(other))]) {
      const { client, pid } = one;
      const ended = new Promise<void>((done) => client.once('end', () => done()));
      await watcher.query('select pg_terminate_backend($1)', [pid]);
      this.gate.letGo(pid);
      for (let isThere = true; isThere; ) {
        const { rows } = await watcher.query('select from pg_stat_activity where pid = $1', [pid]);
        isThere = rows.length > 0;
      }
      await ended;
      await settle();
    }
  }

  /** Every connection of servers and writers ends; those that live connect again. */
  async cutDatabase(): Promise<void> {
    for (const server of this.servers) await server.dropConnections();
    await this.writers.drop();
  }

  // --- commits

  async #committed(owner: Owner, noted: readonly string[]): Promise<void> {
    // It takes a transaction id of its own, as other programs beside the servers do: a snapshot tells
    // one that still runs from one that has not begun only when a later one has ended.
    const { rows } = await this.reader.query<LogRow>({
      name: 'noted',
      text: `select tbl, op, before, after, pg_current_xact_id()::text as own
             from sim.log where xid = any($1::xid8[]) order by n`,
      values: [noted],
    });
    const changed: CommittedRow[] = [];
    const mutations: CommittedMutation[] = [];
    for (const { tbl, op, before, after } of rows) {
      if (tbl === 'mutations') {
        const stored = mutationOf(before, after);
        if (stored) mutations.push(stored);
      } else
        changed.push({ table: tbl, op, before: before && rawRow(before), after: after && rawRow(after) });
    }
    if (changed.length === 0 && mutations.length === 0) return;
    this.commits += 1;
    this.emit({
      kind: 'committed',
      by: owner.kind,
      name: owner.name,
      order: this.commits,
      rows: changed,
      mutations,
    });
  }
}

interface LogRow {
  readonly tbl: string;
  readonly op: 'insert' | 'update' | 'delete';
  readonly before: PlainRow | null;
  readonly after: PlainRow | null;
}

interface WireAnswer {
  readonly kind: 'outcome' | 'held' | 'needs-earlier';
  readonly mutationId?: string;
  readonly outcome?: { readonly mutationId: string; readonly outcome: never; readonly repeat?: boolean };
}

const mutationOf = (before: PlainRow | null, after: PlainRow | null): CommittedMutation | null => {
  if (after === null) return null;
  const outcomeOf = (row: PlainRow | null) =>
    (row?.outcome as { outcome?: CommittedMutation['outcome'] } | null)?.outcome ?? null;
  if (before !== null && before.state === after.state && outcomeOf(before) === outcomeOf(after)) return null;
  return {
    mutationId: String(after.mutation_id),
    author: String(after.author),
    state: after.state as CommittedMutation['state'],
    outcome: outcomeOf(after),
  };
};

const connected = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  // What it leaves unflushed would be flushed when the server likes, and seen by those that wait for it.
  await client.query(`set synchronous_commit = on; set timezone = 'UTC'`);
  return client;
};
