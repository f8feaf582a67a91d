import type { Subscription } from '@satchel/protocol';
import type { SyncRun, Written } from '../engine.ts';
import type { DeviceSettings } from './device-settings.ts';
import type { LoopFacts } from './loop-facts.ts';
import type { Trigger } from './trigger.ts';

/** What the sync loop knows, with what its meter has counted. */
export interface SyncFacts extends LoopFacts {
  readonly bytesToday: number;
  readonly bytesThisMonth: number;
}

/** What the app's side hears of the sync loop. */
export interface SyncHeard {
  /** Tables that a page, an outcome or another tab's write touched. */
  readonly touched: (tables: readonly string[]) => void;
  /** Something that the status shows has changed. */
  readonly changed: () => void;
  /** A bug: something other than a `SatchelError` was thrown. */
  readonly crashed: (error: unknown) => void;
}

/**
 * How the app's side reaches the sync loop: beside it (`Syncing`), or in the worker of
 * the tab that leads.
 */
export interface SyncPort {
  readonly subscription: Subscription | undefined;
  start(): void;
  stop(): Promise<void>;
  pause(paused: boolean): void;
  cancel(): void;
  busy(busy: boolean): void;
  subscribe(subscription: Subscription | undefined): void;
  renewed(token: string | null): void;
  request(trigger: Trigger, directions: 'up' | 'down' | 'both'): void;
  now(): Promise<SyncRun | null>;
  idle(): Promise<void>;
  wrote(written: Written): void;
  foreground(): void;
  decided(): void;
  settingsChanged(settings: DeviceSettings): void;
  /** Writes what the meter has counted to the database. */
  keepCounts(): void;
  facts(): SyncFacts;
  close(): Promise<void>;
}
