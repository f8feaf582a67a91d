import type { Subscription } from '@satchel/protocol';
import type { SyncRun } from '../engine.ts';
import type { SyncLoop } from '../sync/sync-loop.ts';
import type { TokenSource } from '../sync/transport.ts';

/** Steers the sync loop. */
export interface SyncControl {
  start(): void;
  stop(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Runs now, resolves when caught up or failed. */
  now(): Promise<SyncRun | null>;
  /** The app came to the foreground. */
  foreground(): void;
  /** Holds all but the urgent lane while true. */
  busy(busy: boolean): void;
  /** A new token is there. */
  renewed(): Promise<void>;
  subscribe(subscription: Subscription | undefined): void;
  /** Resolves when no run is under way. */
  idle(): Promise<void>;
}

export const syncControl = (loop: SyncLoop, token: TokenSource): SyncControl => ({
  start: () => loop.start(),
  stop: () => loop.stop(),
  pause: () => loop.pause(true),
  resume: () => loop.pause(false),
  now: () => loop.now(),
  foreground: () => loop.foreground(),
  busy: (busy) => loop.busy(busy),
  renewed: async () => loop.renewed(await token()),
  subscribe: (subscription) => loop.subscribe(subscription),
  idle: () => loop.idle(),
});
