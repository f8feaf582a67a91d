import { type Clock, nextDelay, type Random, type Scheduler, type Timer } from '@satchel/core';
import {
  type ClientReport,
  type PageLine,
  type Problem,
  SatchelError,
  type Subscription,
} from '@satchel/protocol';
import type { App, SyncSettings } from '@satchel/schema';
import type { EngineFacts, PageTaken, SyncRun, TakenIn } from '../engine.ts';
import type { EnginePort } from '../engine-port.ts';
import { type DeviceSettings, withDeviceSettings } from './device-settings.ts';
import { Downloader } from './downloader.ts';
import { type Failure, failureOf, needsNewToken } from './failure.ts';
import { allowedLanes, bulkWait, openLanes, type Wait } from './gates.ts';
import { LiveSession } from './live-session.ts';
import type { Meter } from './meter.ts';
import type { NetworkSource } from './network.ts';
import { nextScheduledRun } from './schedule.ts';
import type { Transport } from './transport.ts';
import { Uploader } from './uploader.ts';

/** What starts a run. */
export type Trigger =
  | 'start'
  | 'network'
  | 'foreground'
  | 'schedule'
  | 'write'
  | 'poke'
  | 'retry'
  | 'live'
  | 'conflict'
  | 'token'
  | 'hand';

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

/** What the loop knows, for the status. */
export interface LoopFacts {
  readonly running: boolean;
  readonly paused: boolean;
  readonly online: boolean;
  readonly networkKind: string;
  readonly live: boolean;
  readonly uploading: boolean;
  readonly downloading: boolean;
  readonly contact: boolean;
  readonly needsAuth: string | null;
  readonly revoked: boolean;
  readonly problem: Problem | null;
  /** Runs that failed since the last one that did not. */
  readonly failures: number;
  readonly wait: Wait | null;
  /** Lanes that the person holds back on this network until a run is asked for. */
  readonly heldLanes: readonly string[];
  readonly nextRunAt: number | null;
  readonly lastRun: SyncRun | null;
  readonly rowsRemaining: number | null;
  readonly rowsTaken: number;
  readonly latencyMs: number | null;
  readonly clockOffset: number | null;
}

const BACKOFF = { attempts: Number.POSITIVE_INFINITY, firstDelay: 1_000, maxDelay: 300_000 } as const;

/** Milliseconds after which a retry that was due, and did not go, is looked at again. */
const SOONEST = 1_000;
/** Milliseconds by which a clock may go back without having been set back. */
const CLOCK_JITTER = 1_000;

interface Run {
  readonly trigger: Trigger;
  readonly startedAt: number;
  readonly abort: AbortController;
  readonly meterMark: { readonly sent: number; readonly received: number };
  rowsDown: number;
  mutationsUp: number;
  readonly outcomes: Record<string, number>;
  failure: Failure | null;
  /** A person asked for it: Wi-Fi, budgets and quiet hours do not hold it. */
  byHand: boolean;
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
  readonly #live: LiveSession;
  #subscription: Subscription | undefined;
  #clientId: string;

  #running = false;
  #paused = false;
  #busy = false;
  #contact = false;
  #reachable = true;
  #needsAuth: string | null = null;
  #revoked = false;
  #problem: Problem | null = null;
  #failures = 0;
  /** An upload ended without its answers, or its batch, having been put away. */
  #leftInFlight = false;
  /** The device's clock when it was last looked at. */
  #latest = Number.NEGATIVE_INFINITY;
  #rowsRemaining: number | null = null;
  #latencyMs: number | null = null;
  #clockOffset: number | null = null;
  #lastRun: SyncRun | null = null;
  /** Of those that were not called off. */
  #lastEnded: SyncRun | null = null;
  /** Something of this device waits for a person, or lost: the server has more to tell of it. */
  #hasConflicts: boolean;

  #run: Run | null = null;
  #wantUp = false;
  #wantDown = false;
  #uploading = false;
  #downloading = false;
  #waiters: (() => void)[] = [];
  #endNetwork: (() => void) | null = null;
  #scheduleTimer: Timer | null = null;
  #retryTimer: Timer | null = null;
  #nextRunAt: number | null = null;

  constructor(given: SyncLoopGiven) {
    this.#given = given;
    this.#clientId = given.facts.clientId;
    this.#hasConflicts = given.facts.review > 0 || given.facts.openConflicts > 0;
    const { port, transport, clock, random, scheduler, app, clientReport } = given;
    const shared = { port, transport, clock, schemaVersion: app.schemaVersion, clientReport };
    this.#uploader = new Uploader({
      ...shared,
      lanes: () => (this.#mayGo() ? this.#openLanes() : []),
      batchOf: (lane) => given.sync.lanes[lane]?.batch ?? given.sync.batch,
      took: (taken, sent, response) => {
        this.#answered(response.serverTime, null);
        this.#tookAnswers(taken, sent);
        if (response.newClient) this.#renew();
      },
      refused: (taken) => this.#tookAnswers(taken, 1),
    });
    this.#downloader = new Downloader({
      ...shared,
      clientId: () => this.#clientId,
      subscription: () => this.#subscription,
      mayGo: () => this.#mayGo() && !this.#downloadsWait(),
      took: (taken) => this.#tookPage(taken),
      answered: (serverTime, latencyMs) => this.#answered(serverTime, latencyMs),
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
        else if (given.sync.triggers.poke) this.request('poke', 'down');
      },
      connected: () => {
        this.#regained();
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
        this.#failures = 0;
        this.#regained();
        if (this.#given.sync.triggers.networkRegained) this.request('network', 'both');
      }
      this.#live.network(state.online);
      this.#plan();
      this.#given.changed();
    });
    this.#given.port.call('retryFailed').catch(this.#failedAlone);
    if (this.#given.sync.onStart === 'full') this.#downloader.startOver();
    this.#live.start();
    if (this.#given.sync.triggers.appStart) this.request('start', 'both');
    this.#plan();
  }

  /** Ends what is under way and starts nothing more; the database stays open. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#endNetwork?.();
    this.#scheduleTimer?.cancel();
    this.#retryTimer?.cancel();
    this.#nextRunAt = null;
    this.#live.stop();
    this.#run?.abort.abort();
    await this.idle();
    this.#given.changed();
  }

  pause(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) {
      this.#live.stop();
      this.#run?.abort.abort();
    } else {
      this.#live.start();
      this.request('hand', 'both');
    }
    this.#given.changed();
  }

  /** Calls the run under way off; what it would have done waits for the next. */
  cancel(): void {
    this.#wantUp = false;
    this.#wantDown = false;
    this.#run?.abort.abort();
  }

  /** Holds all but the urgent lane, for a screen that must not be disturbed. */
  busy(busy: boolean): void {
    this.#busy = busy;
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
    this.#needsAuth = null;
    this.#revoked = false;
    if (token !== null) this.#live.token(token);
    if (this.#running && !this.#paused) this.#live.start();
    this.request('token', 'both');
    this.#given.changed();
  }

  /** Asks for a run; one that is under way takes the wish along. */
  request(trigger: Trigger, directions: 'up' | 'down' | 'both', byHand = false): void {
    if (!this.#running || this.#paused) return;
    if (trigger === 'hand') {
      this.#needsAuth = null;
      this.#revoked = false;
    }
    if (!this.#mayRequest()) return;
    if (directions !== 'down') this.#wantUp = true;
    if (directions !== 'up') this.#wantDown = true;
    this.#retryTimer?.cancel();
    this.#retryTimer = null;
    this.#run ??= {
      trigger,
      startedAt: this.#given.clock.now(),
      abort: this.#given.newAbort(),
      meterMark: this.#given.meter.totals(),
      rowsDown: 0,
      mutationsUp: 0,
      outcomes: {},
      failure: null,
      byHand,
    };
    if (byHand) this.#run.byHand = true;
    this.#pump();
  }

  /**
   * Runs now and resolves when both directions have caught up or failed; `null` when
   * nothing ran to its end: sync is paused, or the run was called off.
   */
  async now(): Promise<SyncRun | null> {
    const before = this.#lastEnded;
    this.#failures = 0;
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
    this.#plan();
    this.#given.changed();
  }

  /** A conflict was decided here. */
  decided(): void {
    if (this.#given.sync.triggers.conflictResolved) this.request('conflict', 'both');
  }

  facts(): LoopFacts {
    const network = this.#given.network.state();
    return {
      running: this.#running,
      paused: this.#paused,
      online: network.online && this.#reachable,
      networkKind: network.kind,
      live: this.#live.connected,
      uploading: this.#uploading,
      downloading: this.#downloading,
      contact: this.#contact,
      needsAuth: this.#needsAuth,
      revoked: this.#revoked,
      problem: this.#problem,
      failures: this.#failures,
      wait: this.#wait(),
      heldLanes: this.#heldLanes(),
      nextRunAt: this.#nextRunAt,
      lastRun: this.#lastRun,
      rowsRemaining: this.#rowsRemaining,
      rowsTaken: this.#run?.rowsDown ?? 0,
      latencyMs: this.#latencyMs,
      clockOffset: this.#clockOffset,
    };
  }

  #wait(): Wait | null {
    const { meter, network, settings, sync, hour } = this.#given;
    if (this.#run?.byHand) return this.#busy ? 'busy' : null;
    const state = network.state();
    if (!settings().mobileData && state.kind === 'cellular') return 'wifi';
    return bulkWait(withDeviceSettings(sync, settings()), {
      network: state,
      busy: this.#busy,
      bytesToday: meter.today(),
      bytesThisMonth: meter.thisMonth(),
      hour: hour(),
    });
  }

  #heldLanes(): readonly string[] {
    const { app, network, settings } = this.#given;
    const allowed = allowedLanes(app, app.lanes, settings(), network.state());
    return app.lanes.filter((lane) => !allowed.includes(lane));
  }

  #openLanes(): readonly string[] {
    const { app, network, settings, sync } = this.#given;
    const open = openLanes(app.lanes, sync.urgentLane, this.#wait());
    return this.#run?.byHand ? open : allowedLanes(app, open, settings(), network.state());
  }

  /** Downloads have no lane of their own to slip through: they wait with the bulk, but not for the schedule. */
  #downloadsWait(): boolean {
    const wait = this.#wait();
    return wait === 'wifi' || wait === 'budget' || wait === 'busy';
  }

  #mayGo(): boolean {
    const run = this.#run;
    if (!this.#running || this.#paused || !run || run.abort.signal.aborted) return false;
    const { maxRunMs } = this.#given.sync;
    return maxRunMs === undefined || this.#given.clock.now() - run.startedAt < maxRunMs;
  }

  /** Starts both directions; the second when the first has a request on its way, or nothing to ask. */
  #pump(): void {
    const up = (then: () => void): void => {
      if (!this.#wantUp || this.#uploading) {
        then();
        return;
      }
      this.#wantUp = false;
      this.#uploading = true;
      this.#go(this.#uploader, then, () => {
        this.#uploading = false;
      });
    };
    const down = (then: () => void): void => {
      if (!this.#wantDown || this.#downloading) {
        then();
        return;
      }
      this.#wantDown = false;
      this.#downloading = true;
      this.#go(this.#downloader, then, () => {
        this.#downloading = false;
      });
    };
    const nothing = (): void => {};
    if (this.#given.sync.order === 'upload-first') up(() => down(nothing));
    else down(() => up(nothing));
  }

  #go(direction: Uploader | Downloader, then: () => void, ended: () => void): void {
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
      .then(() => direction.drain(run.abort.signal, asked))
      .then(async (failure) => {
        if (failure) {
          if (!run.abort.signal.aborted) run.failure = failure;
          return;
        }
        if (direction === this.#downloader) await this.#caughtUp();
        if (this.#hasConflicts) await this.#askConflicts(run);
      })
      .catch((error: unknown) => {
        this.#leftInFlight ||= direction === this.#uploader;
        const failure = this.#failed(error);
        if (failure) run.failure = failure;
      })
      .finally(() => {
        ended();
        asked();
        const again = !run.failure && this.#mayGo() && (this.#wantUp || this.#wantDown);
        if (again) this.#pump();
        if (!this.#uploading && !this.#downloading) this.#endRun(run);
      });
  }

  /** Mutations whose answer could not be taken in, for want of room, go up again. */
  async #ready(direction: Uploader | Downloader): Promise<void> {
    if (direction !== this.#uploader || !this.#leftInFlight) return;
    await this.#given.port.call('returnLeft');
    this.#leftInFlight = false;
  }

  /** What the device itself could not do (no room, no storage) is told and tried again; anything else is a bug. */
  #failed(error: unknown): Failure | null {
    if (error instanceof SatchelError) return failureOf(error);
    this.#given.crashed(error);
    return null;
  }

  /** The same, where no run is under way. */
  readonly #failedAlone = (error: unknown): void => {
    const failure = this.#failed(error);
    if (!failure || failure.problem.code === 'database_closed') return;
    this.#problem = failure.problem;
    this.#retryLater(failure);
    this.#given.changed();
  };

  async #caughtUp(): Promise<void> {
    this.#rowsRemaining = null;
    const { token } = await this.#given.port.call('cursor');
    if (token !== null) this.#live.resume(token);
  }

  /** The records behind what waits for a person; asked again by each run until all are settled. */
  async #askConflicts(run: Run): Promise<void> {
    const { changed, port, transport } = this.#given;
    this.#hasConflicts = false;
    try {
      const { conflicts } = await transport.conflicts(this.#clientId, run.abort.signal);
      await port.call('takeConflicts', conflicts);
      this.#hasConflicts ||= conflicts.some(({ state }) => state !== 'settled');
    } catch (error) {
      if (!(error instanceof SatchelError)) throw error;
      // Only the records are late: the next run asks again.
      this.#hasConflicts = true;
    }
    changed();
  }

  #endRun(run: Run): void {
    this.#run = null;
    const { clock, meter, port } = this.#given;
    const totals = meter.totals();
    const record: SyncRun = {
      startedAt: run.startedAt,
      endedAt: clock.now(),
      trigger: run.trigger,
      sent: totals.sent - run.meterMark.sent,
      received: totals.received - run.meterMark.received,
      rowsDown: run.rowsDown,
      mutationsUp: run.mutationsUp,
      outcomes: run.outcomes,
      ...(run.failure ? { problem: run.failure.problem } : {}),
    };
    this.#lastRun = record;
    if (!run.abort.signal.aborted) this.#lastEnded = record;
    this.#react(run.failure);
    meter.flush();
    port.call('recordRun', record).catch(() => {
      // The database was closed while the run ended.
    });
    // What was wished for while a run that was called off unwound is a run of its own.
    if (run.abort.signal.aborted && (this.#wantUp || this.#wantDown))
      this.request(run.trigger, this.#wantUp ? (this.#wantDown ? 'both' : 'up') : 'down');
    if (this.#run === null) for (const done of this.#waiters.splice(0)) done();
    this.#plan();
    this.#given.changed();
    if (!run.failure && !run.abort.signal.aborted) this.#given.caughtUp();
  }

  #react(failure: Failure | null): void {
    if (!failure) {
      this.#problem = null;
      this.#failures = 0;
      return;
    }
    switch (failure.reaction) {
      case 'offline':
        this.#reachable = false;
        this.#retryLater(failure);
        return;
      case 'retry':
      case 'smaller':
      case 'apart':
      case 'start-over':
        this.#problem = failure.problem;
        this.#retryLater(failure);
        return;
      case 'auth':
        this.#needsAuth = failure.problem.code;
        this.#live.stop();
        return;
      case 'revoked':
        this.#revoked = true;
        this.#live.stop();
        if (failure.problem.params.action === 'wipe' || this.#given.app.onRevoke === 'wipe')
          this.#given.port
            .call('wipe')
            .then(() => this.#given.touched(Object.keys(this.#given.app.tables)), this.#failedAlone);
        return;
      case 'refused':
      case 'wait-for-update':
      case 'stop':
        this.#problem = failure.problem;
        return;
    }
  }

  #retryLater(failure: Failure): void {
    if (!this.#running) return;
    this.#failures += 1;
    const delay = failure.waitMs ?? nextDelay(this.#failures, BACKOFF, this.#given.random);
    this.#retryTimer?.cancel();
    this.#retryTimer = this.#given.scheduler.after(delay, () => this.request('retry', 'both'));
  }

  #answered(serverTime: number | null, latencyMs: number | null): void {
    this.#contact = true;
    this.#regained();
    if (latencyMs !== null) this.#latencyMs = latencyMs;
    if (serverTime !== null) this.#clockOffset = serverTime - this.#given.clock.now() + (latencyMs ?? 0) / 2;
  }

  /** The server answers again: what had failed is tried anew. */
  #regained(): void {
    if (this.#reachable) return;
    this.#reachable = true;
    this.#given.port.call('retryFailed').then((count) => {
      if (count > 0) this.request('network', 'up');
    }, this.#failedAlone);
  }

  #tookAnswers(taken: TakenIn, sent: number): void {
    if (this.#run) {
      this.#run.mutationsUp += sent;
      for (const { outcome } of taken.outcomes)
        this.#run.outcomes[outcome] = (this.#run.outcomes[outcome] ?? 0) + 1;
    }
    if (taken.outcomes.some(({ outcome }) => outcome === 'review' || outcome === 'superseded'))
      this.#hasConflicts = true;
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
      }, this.#failedAlone);
  }

  #tookPage(taken: PageTaken & { kind: 'taken' }): void {
    if (this.#run) this.#run.rowsDown += taken.rows;
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
      this.#answered(head?.line === 'head' || head?.line === 'step' ? head.serverTime : null, null);
      this.#tookPage(taken);
      if (taken.more) this.request('live', 'down');
      return true;
    } catch (error) {
      this.#failedAlone(error);
      return true;
    }
  }

  #liveLost(code: string): void {
    if (needsNewToken(code) || code === 'client_revoked') {
      if (code === 'client_revoked') this.#revoked = true;
      else this.#needsAuth = code;
      this.#live.stop();
    }
    this.#given.changed();
  }

  #mayRequest(): boolean {
    const isWelcome = this.#needsAuth === null && !this.#revoked;
    return this.#running && !this.#paused && isWelcome && this.#given.network.state().online;
  }

  /**
   * When a retry that is due at `due` wakes the loop; `null`: not by itself. One that was
   * due and did not go is never tried at once, or the loop would never rest.
   */
  #retryAt(due: number): number | null {
    const now = this.#given.clock.now();
    if (due > now) return due;
    return this.#wait() === null ? now + SOONEST : null;
  }

  /** What is due by a clock that has since been set back would wait for years: it is due now. */
  #mindClock(): void {
    const now = this.#given.clock.now();
    const setBack = now < this.#latest - CLOCK_JITTER;
    this.#latest = now;
    if (!setBack) return;
    this.#given.port.call('retryFailed').then(() => this.request('retry', 'up'), this.#failedAlone);
  }

  /** Sets the timer for the next run: the schedule, or an earlier retry of a single mutation. */
  #plan(): void {
    this.#scheduleTimer?.cancel();
    this.#scheduleTimer = null;
    if (!this.#running) return;
    this.#mindClock();
    const { clock, network, port, scheduler, sync } = this.#given;
    const now = clock.now();
    const scheduled = nextScheduledRun(sync.schedule, network.state(), now);
    this.#nextRunAt = Number.isFinite(scheduled) ? scheduled : null;
    const wake = (at: number, trigger: Trigger): void => {
      this.#scheduleTimer?.cancel();
      this.#scheduleTimer = scheduler.after(Math.max(0, at - clock.now()), () => {
        this.request(trigger, 'both');
        if (!this.#run) this.#plan();
      });
    };
    if (this.#nextRunAt !== null) wake(this.#nextRunAt, 'schedule');
    port.call('facts').then(
      ({ nextRetryAt }) => {
        // What holds up every run (no network, no token, a lock, a pause) has a trigger of its own.
        if (!this.#running || this.#run || nextRetryAt === null || !this.#mayRequest()) return;
        const at = this.#retryAt(nextRetryAt);
        if (at === null) return;
        if (this.#nextRunAt === null || at < this.#nextRunAt) {
          this.#nextRunAt = at;
          wake(at, 'retry');
        }
      },
      () => {
        // The database was closed.
      },
    );
  }
}
