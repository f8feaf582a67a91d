import type { Clock, Random, Scheduler } from '@satchel/core';
import type { App } from '@satchel/schema';
import type { Log, ServerContext, ServerLimits } from './context.ts';
import { mountDialects } from './dialects/mount.ts';
import type { Authenticate } from './http/auth.ts';
import type { OriginRule } from './http/cors.ts';
import { createHttpApp } from './http/http-app.ts';
import { takeLivePush } from './http/live-push.ts';
import { createMetrics, type Metrics } from './http/metrics.ts';
import type { Operations } from './http/operations.ts';
import { openRateLimits, type RateSettings } from './http/rate-limit.ts';
import { serverOperations } from './http/server-operations.ts';
import type { LiveSessions } from './live/sessions.ts';
import { startLive } from './live/start-live.ts';
import { openGeneration } from './moments/open-generation.ts';
import type { WebhookSettings } from './operate/alerts/webhook.ts';
import { choresOf } from './operate/chores.ts';
import { flushFigures } from './operate/figures-kept.ts';
import { startMaintenance } from './operate/maintenance.ts';
import { prepareDatabase } from './operate/prepare-database.ts';
import type { Database } from './postgres/database.ts';

export interface NodeOptions {
  readonly app: App;
  readonly db: Database;
  readonly authenticate: Authenticate;
  readonly limits: ServerLimits;
  readonly rate?: Omit<RateSettings, 'perPrincipal'>;
  readonly origins: OriginRule;
  readonly trustedProxies?: number;
  readonly metricsToken?: string;
  readonly alertWebhook?: WebhookSettings;
  /** Brings database and tables up to date at the start. Default true; else they are only compared. */
  readonly migrate?: boolean;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
}

/** All of a server but its listeners. */
export interface Node {
  readonly ctx: ServerContext;
  /** Answers a request, whatever road it came by. */
  readonly http: ReturnType<typeof createHttpApp>;
  readonly sessions: LiveSessions;
  readonly operations: Operations;
  readonly metrics: Metrics;
  readonly isStopping: () => boolean;
  /** From here on requests are refused; those that run go on. */
  refuse(): void;
  /** Stops all that runs beside requests. */
  stop(): Promise<void>;
}

/**
 * Starts a node over a database: its answers, its live side, its chores. `createServer`
 * puts listeners before it; the simulation puts its network there.
 */
export const startNode = async (options: NodeOptions): Promise<Node> => {
  const { app, db, clock, random, scheduler, log, limits, authenticate, origins } = options;
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const tableIds = await prepareDatabase(db, app, { change: options.migrate ?? true });
    const ctx: ServerContext = { app, db, clock, random, scheduler, log, limits, tableIds };
    await openGeneration(ctx);

    const rate = await openRateLimits({ ...options.rate, perPrincipal: limits.requestsPerMinute });
    closers.push(() => rate.close());
    // After all else: what was counted to the end is written down.
    closers.push(() => flushFigures(ctx));
    const maintenance = startMaintenance(choresOf(ctx, options.alertWebhook), ctx);
    closers.push(() => maintenance.stop());
    let stopping = false;
    const operations = serverOperations(ctx);
    const metrics = createMetrics();
    const push = takeLivePush({
      operations,
      rate,
      metrics,
      log,
      clock,
      random,
      stopping: () => stopping,
    });
    const live = await startLive(ctx, authenticate, push);
    closers.push(() => live.stop());

    const http = createHttpApp({
      operations,
      dialects: mountDialects({ ctx, operations }),
      authenticate,
      rate,
      origins,
      metrics,
      log,
      clock,
      random,
      limits,
      administrators: app.administrators,
      trustedProxies: options.trustedProxies ?? 0,
      ...(options.metricsToken === undefined ? {} : { metricsToken: options.metricsToken }),
      stopping: () => stopping,
    });
    return {
      ctx,
      http,
      sessions: live.sessions,
      operations,
      metrics,
      isStopping: () => stopping,
      refuse: () => {
        stopping = true;
      },
      stop,
    };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
};
