import type { Clock, Random, Scheduler } from '@satchel/core';
import type { Subscription } from '@satchel/protocol';
import type { App, SyncSettings } from '@satchel/schema';
import type { EnginePort } from './engine-port.ts';
import type { HttpExchange, SocketOpener } from './sync/http-exchange.ts';
import type { NetworkSource } from './sync/network.ts';
import type { DeviceName } from './sync/syncing.ts';
import type { TokenSource } from './sync/transport.ts';

/** What a device gives to Satchel; `@satchel/client/node` has the one for Node. */
export interface Platform {
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly network: NetworkSource;
  readonly exchange: HttpExchange;
  readonly openSocket: SocketOpener;
  /** Local hour of the day with its fraction, 0 to 24, for quiet hours. */
  readonly hour: (now: number) => number;
  /** Opens the database `name` with the engine beside it. */
  openEngine(open: OpenEngine): Promise<EnginePort>;
  /** Names of the databases on this device that start with `prefix`. */
  databases(prefix: string): Promise<readonly string[]>;
  /** Removes a closed database for good. */
  remove(name: string): Promise<void>;
  /** Lets go of connections and threads. */
  close(): Promise<void>;
}

export interface OpenEngine {
  readonly app: App;
  readonly name: string;
  readonly userId: string;
  readonly durability: 'full' | 'normal';
  /** For platforms that run the sync loop beside the engine. */
  readonly syncing: {
    readonly server: string;
    readonly token: TokenSource;
    readonly sync: Partial<SyncSettings> | undefined;
    readonly device: DeviceName | undefined;
    readonly subscription: Subscription | undefined;
  };
}
