import { localPort, type NetworkState, openSatchel, type Platform, type Satchel } from '@satchel/client';
import { openEngine } from '@satchel/client/node';
import type { Scheduler, Timer } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import { fieldApp, type SchemaVersion } from '../app/field-app.ts';
import { Disk, Killed } from './disk.ts';
import { Draw } from './draw.ts';
import type { Line, Network, Trouble } from './network.ts';
import type { Timeline } from './timeline.ts';
import { tokenOf } from './tokens.ts';

export interface User {
  readonly id: string;
  readonly roles: readonly string[];
}

export interface DeviceGiven {
  readonly name: string;
  readonly seed: number;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly user: User;
  readonly version: SchemaVersion;
  readonly told: (device: Device, action: string, text: string) => void;
  readonly crashed: (device: Device, error: unknown) => void;
  readonly statusChanged: (device: Device) => void;
}

/** A copy of a device's storage, as a phone's backup keeps it. */
export interface DeviceCopy {
  readonly at: number;
  readonly files: ReadonlyMap<string, Buffer>;
  readonly version: SchemaVersion;
  readonly user: User;
}

const COPIES = 3;

/** One life of the app's process on a device. Dead, it hears nothing any more. */
interface Life {
  isAlive: boolean;
  satchel: Satchel | null;
}

/** Seconds that a token lasts: long enough to be no fault by itself. */
const TOKEN_SECONDS = 86_400 * 400;

/** One device: a disk, a clock, a line to the network, and now and then a process of the app. */
export class Device implements Line {
  readonly name: string;
  readonly disk = new Disk();
  readonly troubles: Trouble[] = [];
  readonly draw: Draw;
  user: User;
  version: SchemaVersion;
  /** This device's clock minus true time, milliseconds. */
  clockError = 0;
  /** A token that is no longer taken; the app has no other until it ends. */
  tokenExpired = false;
  /** Seconds that a token of its lasts. */
  tokenSeconds = TOKEN_SECONDS;
  revoked = false;
  /** Whose device it is, while somebody else is signed in. */
  owner: User | null = null;
  /** Copies of its storage, the oldest first. */
  readonly copies: DeviceCopy[] = [];
  #asleep: (() => void)[] | null = null;
  #isOnline = true;
  #life: Life = { isAlive: false, satchel: null };
  #lives = 0;
  readonly #heard = new Set<(state: NetworkState) => void>();
  readonly #given: DeviceGiven;

  constructor(given: DeviceGiven) {
    this.#given = given;
    this.name = given.name;
    this.user = given.user;
    this.version = given.version;
    this.draw = new Draw(given.seed, `device ${given.name}`);
  }

  get satchel(): Satchel | null {
    return this.#life.isAlive ? this.#life.satchel : null;
  }

  get networkOnline(): boolean {
    return this.#isOnline;
  }

  get app(): App {
    return fieldApp(this.version);
  }

  readonly isOnline = (): boolean => this.#isOnline;
  readonly isAlive = (): boolean => this.#life.isAlive;
  readonly told = (action: string, text: string): void => this.#given.told(this, action, text);

  get isAsleep(): boolean {
    return this.#asleep !== null;
  }

  /** The process stands still; what comes for it waits. */
  sleep(): void {
    this.#asleep ??= [];
  }

  wake(): void {
    const waiting = this.#asleep ?? [];
    this.#asleep = null;
    for (const run of waiting) run();
  }

  readonly awake = (run: () => void): void => {
    if (this.#asleep) this.#asleep.push(run);
    else run();
  };

  /** A backup of the device is made, while nobody writes. */
  keepCopy(): void {
    if (!this.isAlive() || this.owner) return;
    this.copies.push({
      at: this.#given.timeline.now(),
      files: this.disk.copy(),
      version: this.version,
      user: this.user,
    });
    if (this.copies.length > COPIES) this.copies.shift();
  }

  clock(): number {
    return this.#given.timeline.now() + this.clockError;
  }

  setOnline(isOnline: boolean): void {
    if (isOnline === this.#isOnline) return;
    this.#isOnline = isOnline;
    if (!isOnline) this.#given.network.cutOpen(this);
    for (const heard of [...this.#heard]) heard(this.#state());
  }

  /** Starts the app's process. Throws what `openSatchel` throws. */
  async open(): Promise<Satchel> {
    if (this.#life.isAlive) throw new Error(`${this.name} runs already`);
    const life: Life = { isAlive: true, satchel: null };
    this.#life = life;
    this.#lives += 1;
    this.#heard.clear();
    try {
      life.satchel = await openSatchel({
        app: this.app,
        platform: this.#platform(life),
        server: 'https://sync.simulation',
        user: { id: this.user.id },
        token: () => this.#token(),
        device: { name: this.name },
        onCrash: (error) => {
          if (life.isAlive && !(error instanceof Killed)) this.#given.crashed(this, error);
        },
      });
    } catch (error) {
      if (this.#life === life) this.kill();
      throw error;
    }
    life.satchel.onStatus(() => {
      if (life.isAlive) this.#given.statusChanged(this);
    });
    return life.satchel;
  }

  /** The process is gone, wherever it was. */
  kill(): void {
    this.#life.isAlive = false;
    this.#asleep = null;
    this.#given.network.cutOpen(this);
    this.disk.powerCut();
  }

  /** In good order. */
  async close(): Promise<void> {
    const life = this.#life;
    await life.satchel?.close();
    this.kill();
  }

  /** Opens the database once more beside the process that has it. */
  async openTwice(): Promise<'refused' | 'opened'> {
    try {
      const second = await openSatchel({
        app: this.app,
        platform: this.#platform({ isAlive: true, satchel: null }),
        server: 'https://sync.simulation',
        user: { id: this.user.id },
        token: () => this.#token(),
        start: false,
      });
      await second.close();
      return 'opened';
    } catch (error) {
      if (error instanceof SatchelError && error.code === 'database_in_use') return 'refused';
      throw error;
    }
  }

  #state(): NetworkState {
    return { online: this.#isOnline, kind: 'wifi' };
  }

  #token(): string {
    const seconds = Math.floor(this.#given.timeline.now() / 1_000);
    const exp = this.tokenExpired ? seconds - 1_000 : seconds + this.tokenSeconds;
    return tokenOf({ sub: this.user.id, roles: this.user.roles, exp });
  }

  #platform(life: Life): Platform {
    const { timeline, network } = this.#given;
    const clock = { now: () => this.clock() };
    const random = new Draw(this.#given.seed, `life ${this.name} ${this.#lives}`).random;
    const scheduler: Scheduler = {
      after: (delay, run): Timer =>
        timeline.after(
          delay,
          () => (life.isAlive ? this.awake(() => (life.isAlive ? run() : undefined)) : undefined),
          `timer ${this.name}`,
        ),
    };
    // A life that is over asks and hears nothing, whatever its promises still do.
    const line: Line = {
      name: this.name,
      troubles: this.troubles,
      isOnline: this.isOnline,
      isAlive: () => life.isAlive,
      told: this.told,
      awake: this.awake,
    };
    return {
      clock,
      random,
      scheduler,
      network: {
        state: () => this.#state(),
        onChange: (heard) => {
          const own = (state: NetworkState): void => {
            if (life.isAlive) heard(state);
          };
          this.#heard.add(own);
          return () => this.#heard.delete(own);
        },
      },
      exchange: network.exchangeOf(line),
      openSocket: network.socketOf(line),
      hour: () => 12,
      openEngine: async ({ app, name, userId, durability }) => {
        const driver = this.disk.open(name);
        try {
          const engine = openEngine({ app, driver, userId, clock, random, durability });
          return localPort(engine, () => driver.flush());
        } catch (error) {
          driver.close();
          throw error;
        }
      },
      databases: async (prefix) => this.disk.list(prefix),
      remove: async (name) => this.disk.remove(name),
      close: async () => undefined,
    };
  }
}
