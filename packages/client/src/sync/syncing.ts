import type { Clock, Random, Scheduler } from '@satchel/core';
import { type ClientReport, MAX_RUNS_TOLD, SatchelError, type Subscription } from '@satchel/protocol';
import type { App, SyncSettings } from '@satchel/schema';
import type { EngineFacts, SyncRun, Written } from '../engine.ts';
import type { EnginePort } from '../engine-port.ts';
import type { DeviceSettings } from './device-settings.ts';
import { Meter } from './meter.ts';
import type { NetworkSource } from './network.ts';
import { RunsToTell } from './runs-to-tell.ts';
import { loadSchedule } from './schedule.ts';
import { SyncLoop } from './sync-loop.ts';
import type { SyncFacts, SyncHeard, SyncPort } from './sync-port.ts';
import type { Transport } from './transport.ts';
import { verify } from './verify.ts';

/** How this device calls itself on administrators' lists. */
export interface DeviceName {
  readonly name?: string;
  readonly platform?: string;
  readonly appVersion?: string;
}

export interface SyncingGiven {
  readonly app: App;
  /** The app's, with this device's overrides. */
  readonly sync: SyncSettings;
  readonly device: DeviceName | undefined;
  readonly subscription: Subscription | undefined;
  readonly settings: DeviceSettings;
  readonly facts: EngineFacts;
  readonly port: EnginePort;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly network: NetworkSource;
  readonly hour: (now: number) => number;
}

/** Opens the side of a database that speaks with the server, where its sync loop runs. */
export const openSyncing = async (given: SyncingGiven): Promise<(heard: SyncHeard) => Syncing> => {
  const { clock, port, scheduler } = given;
  await loadSchedule(given.sync.schedule);
  const month = new Date(clock.now()).toISOString().slice(0, 7);
  const meter = new Meter(port, clock, scheduler, await port.call('usage', `${month}-01`));
  const runs = new RunsToTell(await port.call('runs', MAX_RUNS_TOLD));
  return (heard) => new Syncing(given, meter, runs, heard);
};

/**
 * The side of a database that speaks with the server: the sync loop, with what it
 * counts, reports and proves.
 */
export class Syncing implements SyncPort {
  readonly #given: SyncingGiven;
  readonly #heard: SyncHeard;
  readonly #meter: Meter;
  readonly #runs: RunsToTell;
  readonly #loop: SyncLoop;
  readonly #abort = new AbortController();
  #settings: DeviceSettings;
  #lastRun: SyncRun | null = null;
  /** As the server is told: what waits, what was given up for now, what was refused. */
  #waiting: Pick<EngineFacts, 'pending' | 'failed' | 'quarantined'>;
  #unproven: boolean;
  #closed = false;

  constructor(given: SyncingGiven, meter: Meter, runs: RunsToTell, heard: SyncHeard) {
    const { app, clock, facts, network, port, random, scheduler, transport } = given;
    this.#given = given;
    this.#heard = heard;
    this.#meter = meter;
    this.#runs = runs;
    this.#settings = given.settings;
    this.#waiting = facts;
    this.#unproven = facts.unproven.length > 0 || facts.rewound;
    transport.onMetered((traffic, action, bytes) => meter.count(traffic, action, bytes));
    const crashed = (error: unknown): void => {
      if (!this.#closed) heard.crashed(error);
    };
    this.#loop = new SyncLoop({
      app,
      sync: given.sync,
      settings: () => this.#settings,
      port,
      transport,
      clock,
      random,
      scheduler,
      network,
      meter,
      facts,
      clientReport: () => this.#report(),
      hour: () => given.hour(clock.now()),
      newAbort: () => new AbortController(),
      touched: heard.touched,
      changed: () => {
        this.#noteRun();
        heard.changed();
      },
      caughtUp: () => {
        if (this.#unproven) this.#prove().catch(crashed);
      },
      rewound: () => {
        this.#unproven = true;
      },
      crashed,
    });
    if (given.subscription) this.#loop.subscribe(given.subscription);
  }

  get subscription(): Subscription | undefined {
    return this.#loop.subscription;
  }

  start(): void {
    this.#loop.start();
  }
  stop(): Promise<void> {
    return this.#loop.stop();
  }
  pause(paused: boolean): void {
    this.#loop.pause(paused);
  }
  cancel(): void {
    this.#loop.cancel();
  }
  busy(busy: boolean): void {
    this.#loop.busy(busy);
  }
  subscribe(subscription: Subscription | undefined): void {
    this.#loop.subscribe(subscription);
  }
  renewed(token: string | null): void {
    this.#loop.renewed(token);
  }
  request(trigger: Parameters<SyncPort['request']>[0], directions: 'up' | 'down' | 'both'): void {
    this.#loop.request(trigger, directions);
  }
  now(): Promise<SyncRun | null> {
    return this.#loop.now();
  }
  idle(): Promise<void> {
    return this.#loop.idle();
  }
  foreground(): void {
    this.#loop.foreground();
  }
  decided(): void {
    this.#loop.decided();
  }
  settingsChanged(settings: DeviceSettings): void {
    this.#settings = settings;
    this.#loop.settingsChanged();
  }
  keepCounts(): void {
    this.#meter.flush();
  }

  wrote(written: Written): void {
    if (written.mutationId === null) return;
    this.#waiting = { ...this.#waiting, pending: this.#waiting.pending + 1 };
    this.#loop.wrote(written.lanes);
  }

  facts(): SyncFacts {
    return {
      ...this.#loop.facts(),
      bytesToday: this.#meter.today(),
      bytesThisMonth: this.#meter.thisMonth(),
    };
  }

  /** Ends what is under way; the database may be closed then. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#abort.abort();
    await this.#loop.stop();
    this.#meter.flush();
  }

  /**
   * Capture was away for a while, or the server's history was cut: what was written
   * meanwhile, or is lost, is found by comparing every value.
   */
  async #prove(): Promise<void> {
    this.#unproven = false;
    try {
      const { app, facts, port, transport } = this.#given;
      const { subscription } = this;
      const { equal } = await verify(
        {
          port,
          transport,
          clientId: facts.clientId,
          sight: { schemaVersion: app.schemaVersion, ...(subscription ? { subscription } : {}) },
          catchUp: async () => {
            await this.now();
          },
          touched: this.#heard.touched,
        },
        { depth: 'deep', repair: true },
        this.#abort.signal,
      );
      if (equal) await port.call('proven');
      else this.#unproven = true;
    } catch (error) {
      if (!(error instanceof SatchelError)) throw error;
      // The network went: the next run tries again.
      this.#unproven = true;
    }
  }

  /** A run that has ended is told to the server with the next one, and so is what it left. */
  #noteRun(): void {
    const { lastRun } = this.#loop.facts();
    if (lastRun === null || lastRun === this.#lastRun) return;
    this.#lastRun = lastRun;
    this.#runs.ended(lastRun, this.#given.clock.now());
    this.#given.port.call('facts').then(
      (facts) => {
        this.#waiting = facts;
      },
      () => {
        // The database was closed while the run ended.
      },
    );
  }

  #report(): ClientReport {
    const { clock, device } = this.#given;
    const { pending, failed, quarantined } = this.#waiting;
    const runs = this.#runs.take(clock.now());
    return {
      pending,
      failed,
      quarantined,
      ...(runs.length === 0 ? {} : { runs: [...runs] }),
      ...(device?.name === undefined ? {} : { deviceName: device.name }),
      ...(device?.platform === undefined ? {} : { platform: device.platform }),
      ...(device?.appVersion === undefined ? {} : { appVersion: device.appVersion }),
    };
  }
}
