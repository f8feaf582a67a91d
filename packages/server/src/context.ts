import type { Clock, Random, Scheduler } from '@satchel/core';
import type { App } from '@satchel/schema';
import type { Database } from './postgres/database.ts';

/** Structured log lines. Never row contents, never secrets. */
export interface Log {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface ServerLimits {
  /** Rows of a page. Default 1,000. */
  readonly pageRows: number;
  /** Bytes of one pull answer. Default 8,000,000. */
  readonly answerBytes: number;
  /** Mutations of one push. Default 10,000. */
  readonly batchMutations: number;
  /** Bytes of a request body after decompression. Default 16,000,000. */
  readonly bodyBytes: number;
  /** Requests a minute and principal. Default 600. */
  readonly requestsPerMinute: number;
  /** Bytes queued on a live socket before the session is dropped to pull. Default 1,000,000. */
  readonly liveBufferBytes: number;
}

/** What every room of the server is given. Time, randomness and waiting come from outside. */
export interface ServerContext {
  readonly app: App;
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly limits: ServerLimits;
  /** Small numbers of the app's tables, from `satchel.tables`. */
  readonly tableIds: ReadonlyMap<string, number>;
}
