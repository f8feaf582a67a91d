import type { Clock, Random, Scheduler } from '@satchel/core';
import type { ClientReport, PageLine, Subscription } from '@satchel/protocol';
import type { App, SyncSettings } from '@satchel/schema';
import type { EngineFacts, PageTaken, SyncRun, TakenIn } from '../engine.ts';
import type { EnginePort } from '../engine-port.ts';
import { ConflictRecords } from './conflict-records.ts';
import { Contact } from './contact.ts';
import type { DeviceSettings } from './device-settings.ts';
import { type Direction, Directions, type Wish } from './directions.ts';
import { Downloader } from './downloader.ts';
import { needsNewToken } from './failure.ts';
import { LaneGates } from './lane-gates.ts';
import { LiveSession } from './live-session.ts';
import type { LoopFacts } from './loop-facts.ts';
import type { Meter } from './meter.ts';
import type { NetworkSource } from './network.ts';
import { NextRun } from './next-run.ts';
import { Reactions } from './reactions.ts';
import { Retries } from './retries.ts';
import { RunUnderWay } from './run-under-way.ts';
import type { Transport } from './transport.ts';
import type { Trigger } from './trigger.ts';
import { Uploader } from './uploader.ts';

export interface SyncLoopGiven {
  readonly app: App;
  readonly sync: SyncSettings;
  /** What the person chose on this device. */
  readonly settings: () => DeviceSettings;
  readonly port: EnginePort;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly network: NetworkSource;
  readonly meter: Meter;
  readonly facts: EngineFacts;
  readonly clientReport: () => ClientReport;
  /** Local hour of the day, for quiet hours. */
  readonly hour: () => number;
  readonly newAbort: () => AbortController;
  /** Tables that a page or an outcome touched. */
  readonly touched: (tables: readonly string[]) => void;
  /** Something that the status shows has changed. */
  readonly changed: () => void;
  /** A run has caught up in both directions. */
  readonly caughtUp: () => void;
  /** What is held has to be compared with the server, value by value, once caught up. */
  readonly rewound: () => void;
  /** A bug: something other than a `SatchelError` was thrown. */
  readonly crashed: (error: unknown) => void;
}

/**
 * The sync loop: decides when a run starts and what it may carry, and lets uploader
 * and downloader go side by side, so that neither direction waits for the other.
 *
 * ```
 *   trigger ──> request() ──> run ──┬─ upload ───┐
 *                                   └─ download ─┴─> record, plan the next
 * ```
 */
export class SyncLoop {
  readonly #given: SyncLoopGiven;
  readonly #uploader: Uploader;
  readonly #downloader: Downloader;
  readonly #directions: Directions;
  readonly #live: LiveSession;
  readonly #conflictRecords: ConflictRecords;
  readonly #contact: Contact;
  readonly #gates: LaneGates;
  readonly #nextRun: NextRun;
  readonly #reactions: Reactions;
  readonly #retries: Retries;
  #subscription: Subscription | undefined;
  #clientId: string;

  #running = false;
  #paused = false;
  #run: RunUnderWay | null = null;
  /** An upload ended without its answers, or its batch, having been put away. */
  #leftInFlight = false;
  #rowsRemaining: number | null = null;
  #lastRun: SyncRun | null = null;
  /** Of those that were not called off. */
  #lastEnded: SyncRun | null = null;
  #waiters: (() => void)[] = [];
  #endNetwork: (() => void) | null = null;

  constructor(given: SyncLoopGiven) {
    this.#given = given;
    this.#clientId = given.facts.clientId;
    const { app, clientReport, clock, network, port, random, scheduler, sync, transport } = given;
    this.#conflictRecords = new ConflictRecords(port, transport, given.facts);
    this.#contact = new Contact(clock, () => this.#answersAgain());
    this.#gates = new LaneGates({ ...given, byHand: () => this.#run?.byHand === true });
    this.#retries = new Retries(random, scheduler, () => this.request('retry', 'both'));
    this.#reactions = new Reactions({
      ...given,
      contact: this.#contact,
      retries: this.#retries,
      isRunning: () => this.#running,
      stopLive: () => this.#live.stop(),
    });
    this.#nextRun = new NextRun({
      schedule: sync.schedule,
      port,
      clock,
      scheduler,
      network,
      isRunning: () => this.#running,
      isUnderWay: () => this.#run !== null,
      mayRequest: () => this.#mayRequest(),
      wait: () => this.#gates.wait(),
      request: (trigger, directions) => this.request(trigger, directions),
      failed: this.#reactions.failedAlone,
    });
    this.#directions = new Directions(sync.order, (direction, asked, ended) =>
      this.#go(direction, asked, ended),
    );
    const shared = { port, transport, clock, schemaVersion: app.schemaVersion, clientReport };
    this.#uploader = new Uploader({
      ...shared,
      lanes: () => (this.#mayGo() ? this.#gates.open() : []),
      batchOf: (lane) => sync.lanes[lane]?.batch ?? sync.batch,
      took: (taken, sent, response) => {
        this.#contact.answered(response.serverTime, null);
        this.#tookAnswers(taken, sent);
        if (response.newClient) this.#renew();
      },
      refused: (taken) => this.#tookAnswers(taken, 1),
    });
    this.#downloader = new Downloader({
      ...shared,
      clientId: () => this.#clientId,
      subscription: () => this.#subscription,
      mayGo: () => this.#mayGo() && !this.#gates.downloadsWait(),
      took: (taken) => this.#tookPage(taken),
      answered: (serverTime, latencyMs) => this.#contact.answered(serverTime, latencyMs),
    });
    this.#live = new LiveSession({
      port,
      transport,
      clock,
      random,
      scheduler,
      schemaVersion: app.schemaVersion,
      clientId: () => this.#clientId,
      subscription: () => this.#subscription,
      page: (lines) => this.#takeLivePage(lines),
      behind: (why) => {
        if (why === 'gap') this.request('live', 'down');
        else if (sync.triggers.poke) this.request('poke', 'down');
      },
      connected: () => {
        this.#contact.regained();
        this.request('live', 'both');
        given.changed();
      },
      lost: (code) => this.#liveLost(code),
    });
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#endNetwork = this.#given.network.onChange((state) => {
      if (state.online) {
        this.#retries.forgetFailures();
        this.#contact.regained();
        if (this.#given.sync.triggers.networkRegained) this.request('network', 'both');
      }
      this.#live.network(state.online);
      this.#nextRun.plan();
      this.#given.changed();
    });
    this.#given.port.call('retryFailed').catch(this.#reactions.failedAlone);
    if (this.#given.sync.onStart === 'full') this.#downloader.startOver();
    this.#live.start();
    if (this.#given.sync.triggers.appStart) this.request('start', 'both');
    this.#nextRun.plan();
  }

  /** Ends what is under way and starts nothing more; the database stays open. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#endNetwork?.();
    this.#nextRun.stop();
    this.#retries.cancel();
    this.#live.stop();
    this.#run?.callOff();
    await this.idle();
    this.#given.changed();
  }

  pause(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) {
      this.#live.stop();
      this.#run?.callOff();
    } else {
      this.#live.start();
      this.request('hand', 'both');
    }
    this.#given.changed();
  }

  /** Calls the run under way off; what it would have done waits for the next. */
  cancel(): void {
    this.#directions.forgetWishes();
    this.#run?.callOff();
  }

  /** Holds all but the urgent lane, for a screen that must not be disturbed. */
  busy(busy: boolean): void {
    this.#gates.busy = busy;
    if (!busy) this.request('hand', 'both');
    this.#given.changed();
  }

  get subscription(): Subscription | undefined {
    return this.#subscription;
  }

  subscribe(subscription: Subscription | undefined): void {
    this.#subscription = subscription;
    this.#reconnect();
    this.request('hand', 'down');
  }

  /** A new token is there: what waited for it goes on. */
  renewed(token: string | null): void {
    this.#contact.forgetRefusals();
    if (token !== null) this.#live.token(token);
    if (this.#running && !this.#paused) this.#live.start();
    this.request('token', 'both');
    this.#given.changed();
  }

  /** Asks for a run; one that is under way takes the wish along. */
  request(trigger: Trigger, directions: Wish, byHand = false): void {
    if (!this.#running || this.#paused) return;
    if (trigger === 'hand') this.#contact.forgetRefusals();
    if (!this.#mayRequest()) return;
    this.#directions.wish(directions);
    this.#retries.cancel();
    const { clock, meter, newAbort } = this.#given;
    this.#run ??= new RunUnderWay({ trigger, startedAt: clock.now(), abort: newAbort(), byHand }, meter);
    if (byHand) this.#run.byHand = true;
    this.#directions.pump();
  }

  /**
   * Runs now and resolves when both directions have caught up or failed; `null` when
   * nothing ran to its end: sync is paused, or the run was called off.
   */
  async now(): Promise<SyncRun | null> {
    const before = this.#lastEnded;
    this.#retries.forgetFailures();
    await this.#given.port.call('retryFailed');
    this.request('hand', 'both', true);
    await this.idle();
    return this.#lastEnded === before ? null : this.#lastEnded;
  }

  /** Resolves when no run is under way. */
  idle(): Promise<void> {
    if (!this.#run) return Promise.resolve();
    return new Promise((done) => this.#waiters.push(done));
  }

  /** A local write was committed. */
  wrote(lanes: readonly string[]): void {
    const { triggers, urgentLane } = this.#given.sync;
    if (triggers.urgentWrite && lanes.includes(urgentLane)) this.request('write', 'up');
  }

  /** The app came to the foreground. */
  foreground(): void {
    if (this.#given.sync.triggers.foreground) this.request('foreground', 'both');
    this.#live.network(true);
  }

  /** The person chose anew what may go over which network. */
  settingsChanged(): void {
    this.request('network', 'both');
    this.#nextRun.plan();
    this.#given.changed();
  }

  /** A conflict was decided here. */
  decided(): void {
    if (this.#given.sync.triggers.conflictResolved) this.request('conflict', 'both');
  }

  facts(): LoopFacts {
    const network = this.#given.network.state();
    return {
      ...this.#contact.facts(),
      running: this.#running,
      paused: this.#paused,
      online: network.online && this.#contact.reachable,
      networkKind: network.kind,
      live: this.#live.connected,
      uploading: this.#directions.uploading,
      downloading: this.#directions.downloading,
      problem: this.#reactions.problem,
      failures: this.#retries.failures,
      wait: this.#gates.wait(),
      heldLanes: this.#gates.held(),
      nextRunAt: this.#nextRun.at,
      lastRun: this.#lastRun,
      rowsRemaining: this.#rowsRemaining,
      rowsTaken: this.#run?.rowsDown ?? 0,
    };
  }

  #mayGo(): boolean {
    const run = this.#run;
    if (!this.#running || this.#paused || !run || run.isCalledOff) return false;
    const { maxRunMs } = this.#given.sync;
    return maxRunMs === undefined || this.#given.clock.now() - run.startedAt < maxRunMs;
  }

  #go(direction: Direction, then: () => void, ended: () => void): void {
    const run = this.#run;
    if (!run) {
      ended();
      return;
    }
    let told = false;
    const asked = (): void => {
      if (!told) then();
      told = true;
    };
    this.#given.changed();
    this.#ready(direction)
      .then(() => (direction === 'up' ? this.#uploader : this.#downloader).drain(run.signal, asked))
      .then(async (failure) => {
        if (failure) {
          if (!run.isCalledOff) run.failure = failure;
          return;
        }
        if (direction === 'down') await this.#caughtUp();
        if (!this.#conflictRecords.areWanted) return;
        await this.#conflictRecords.ask(this.#clientId, run.signal);
        this.#given.changed();
      })
      .catch((error: unknown) => {
        this.#leftInFlight ||= direction === 'up';
        const failure = this.#reactions.failureOf(error);
        if (failure) run.failure = failure;
      })
      .finally(() => {
        ended();
        asked();
        if (!run.failure && this.#mayGo() && this.#directions.wished) this.#directions.pump();
        if (!this.#directions.uploading && !this.#directions.downloading) this.#endRun(run);
      });
  }

  /** Mutations whose answer could not be taken in, for want of room, go up again. */
  async #ready(direction: Direction): Promise<void> {
    if (direction === 'down' || !this.#leftInFlight) return;
    await this.#given.port.call('returnLeft');
    this.#leftInFlight = false;
  }

  async #caughtUp(): Promise<void> {
    this.#rowsRemaining = null;
    const { token } = await this.#given.port.call('cursor');
    if (token !== null) this.#live.resume(token);
  }

  #endRun(run: RunUnderWay): void {
    this.#run = null;
    const { clock, meter, port } = this.#given;
    const record = run.record(clock.now());
    this.#lastRun = record;
    if (!run.isCalledOff) this.#lastEnded = record;
    this.#reactions.ended(run.failure);
    meter.flush();
    port.call('recordRun', record).catch(() => {
      // The database was closed while the run ended.
    });
    // What was wished for while a run that was called off unwound is a run of its own.
    const { wished } = this.#directions;
    if (run.isCalledOff && wished) this.request(run.trigger, wished);
    if (this.#run === null) for (const done of this.#waiters.splice(0)) done();
    this.#nextRun.plan();
    this.#given.changed();
    if (!run.failure && !run.isCalledOff) this.#given.caughtUp();
  }

  /** The server answers again: what had failed is tried anew. */
  #answersAgain(): void {
    this.#given.port.call('retryFailed').then((count) => {
      if (count > 0) this.request('network', 'up');
    }, this.#reactions.failedAlone);
  }

  #tookAnswers(taken: TakenIn, sent: number): void {
    this.#run?.tookAnswers(taken, sent);
    this.#conflictRecords.heard(taken.outcomes);
    this.#given.touched(taken.tables);
    this.#given.changed();
  }

  /** Opens the live connection anew, with what hello now has to say. */
  #reconnect(): void {
    this.#live.stop();
    if (this.#running && !this.#paused) this.#live.start();
  }

  /** The server has seen this database twice: from here on it is a client of its own. */
  #renew(): void {
    const { port } = this.#given;
    port
      .call('becomeNewClient')
      .then(() => port.call('facts'))
      .then(({ clientId }) => {
        this.#clientId = clientId;
        this.#reconnect();
        this.request('retry', 'both');
      }, this.#reactions.failedAlone);
  }

  #tookPage(taken: PageTaken & { kind: 'taken' }): void {
    this.#run?.tookRows(taken.rows);
    this.#rowsRemaining = taken.remaining ?? null;
    if ((taken.offered ?? 0) > 0) this.request('retry', 'up');
    if (taken.rewound) this.#given.rewound();
    this.#given.touched(taken.tables);
    this.#given.changed();
  }

  async #takeLivePage(lines: readonly PageLine[]): Promise<boolean> {
    try {
      const head = lines[0];
      const taken = await this.#given.port.call('takePage', lines);
      if (taken.kind !== 'taken') {
        if (taken.kind === 'not-held-so') this.#downloader.askWhole();
        return false;
      }
      this.#contact.answered(head?.line === 'head' || head?.line === 'step' ? head.serverTime : null, null);
      this.#tookPage(taken);
      if (taken.more) this.request('live', 'down');
      return true;
    } catch (error) {
      this.#reactions.failedAlone(error);
      return true;
    }
  }

  #liveLost(code: string): void {
    if (needsNewToken(code) || code === 'client_revoked') {
      if (code === 'client_revoked') this.#contact.revoked();
      else this.#contact.refusedToken(code);
      this.#live.stop();
    }
    this.#given.changed();
  }

  #mayRequest(): boolean {
    const { network } = this.#given;
    return this.#running && !this.#paused && this.#contact.isWelcome && network.state().online;
  }
}
