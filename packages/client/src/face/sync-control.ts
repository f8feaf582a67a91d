import type { Scheduler, Timer } from '@satchel/core';
import type { Subscription } from '@satchel/protocol';
import type { SyncRun } from '../engine.ts';
import type { SyncPort } from '../sync/sync-port.ts';
import type { TokenSource } from '../sync/transport.ts';

/** Steers the sync loop. */
export interface SyncControl {
  start(): void;
  stop(): Promise<void>;
  /** Starts nothing until resumed, or for so many milliseconds. */
  pause(forMs?: number): void;
  resume(): void;
  /** Calls the run under way off; what it would have done waits for the next. */
  cancel(): void;
  /** Runs now, resolves when caught up or failed; `null` when nothing ran to its end: sync is paused, or the run was called off. */
  now(): Promise<SyncRun | null>;
  /** The app came to the foreground. */
  foreground(): void;
  /** Holds all but the urgent lane while true. */
  busy(busy: boolean): void;
  /** A new token is there. */
  renewed(): Promise<void>;
  subscribe(subscription: Subscription | undefined): void;
  /** What is held of what the user may hold; undefined: all. */
  subscription(): Subscription | undefined;
  /** Resolves when no run is under way. */
  idle(): Promise<void>;
}

export const syncControl = (loop: SyncPort, token: TokenSource, scheduler: Scheduler): SyncControl => {
  let resuming: Timer | null = null;
  const pause = (paused: boolean, forMs?: number): void => {
    resuming?.cancel();
    resuming = forMs === undefined ? null : scheduler.after(forMs, () => loop.pause(false));
    loop.pause(paused);
  };
  return {
    start: () => loop.start(),
    stop: () => loop.stop(),
    pause: (forMs) => pause(true, forMs),
    resume: () => pause(false),
    cancel: () => loop.cancel(),
    now: () => loop.now(),
    foreground: () => loop.foreground(),
    busy: (busy) => loop.busy(busy),
    renewed: async () => loop.renewed(await token()),
    subscribe: (subscription) => loop.subscribe(subscription),
    subscription: () => loop.subscription,
    idle: () => loop.idle(),
  };
};
