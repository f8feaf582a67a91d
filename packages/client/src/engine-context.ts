import { type Clock, type Hlc, type Random, tick, type UuidV7Source } from '@satchel/core';
import type { App } from '@satchel/schema';
import type { Driver } from './database/driver.ts';
import type { LocalTable } from './database/local-table.ts';

/** What the rooms of the engine share: one open database and what is known while it is open. */
export interface EngineContext {
  readonly app: App;
  readonly db: Driver;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: UuidV7Source;
  /** By camelCase name, parents before the tables that refer to them. */
  readonly tables: ReadonlyMap<string, LocalTable>;
  /** SQL names of the synced tables. */
  readonly sqlNames: ReadonlySet<string>;
  readonly userId: string;
  /** Of local writes; applied pages are always `normal`. */
  readonly durability: 'full' | 'normal';
  /** What changes while the database is open. Reset from the database when a transaction fails. */
  readonly now: Moving;
}

export interface Moving {
  clientId: string;
  runId: string;
  /** The last seq drawn in this run. */
  seq: number;
  hlc: Hlc;
  /** Number of the current hold by table, then by scope. */
  readonly holds: Map<string, Map<string, number>>;
  /** A local transaction is open. */
  open: boolean;
  /** Capture is silent at the moment, as `satchel_txn` has it. */
  silent: boolean;
  /** When what is old was last collected, by this device's clock; `null` since the opening never. */
  collectedAt: number | null;
}

/** The stamp of a new mutation: later than all before it. Kept by the caller once committed. */
export const nextStamp = (context: EngineContext): Hlc =>
  tick(context.now.hlc, context.clock.now(), context.now.clientId);
