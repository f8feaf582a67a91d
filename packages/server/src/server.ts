import type { Clock, Random, Scheduler } from '@satchel/core';
import type { App } from '@satchel/schema';
import type { Log, ServerContext, ServerLimits } from './context.ts';
import { checkPrivateNetwork } from './dialects/private-network.ts';
import { type AuthSettings, openAuth } from './http/auth.ts';
import { originRule } from './http/cors.ts';
import { listen } from './http/listen.ts';
import { createLog } from './http/log.ts';
import { listenForMetrics } from './http/metrics-listener.ts';
import type { RateSettings } from './http/rate-limit.ts';
import { refuseUpgrades } from './http/refuse-upgrades.ts';
import { attachLive } from './live/attach.ts';
import { startNode } from './node.ts';
import { checkWebhook, type WebhookSettings } from './operate/alerts/webhook.ts';
import type { Database } from './postgres/database.ts';
import { openDatabase } from './postgres/pg-database.ts';
import { systemClock, systemRandom, systemScheduler } from './system.ts';

export interface ServerOptions {
  readonly app: App;
  /** An open database, which stays open when the server stops, or its address. */
  readonly database: Database | string;
  readonly auth: AuthSettings;
  /** Default 127.0.0.1: put a proxy with TLS in front, or name an address yourself. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  readonly limits?: Partial<ServerLimits>;
  /** How requests are counted; `perPrincipal` is `limits.requestsPerMinute`. */
  readonly rate?: Omit<RateSettings, 'perPrincipal'>;
  /** Web origins that may ask, whole: `https://app.example.org`. Default none but the server's own. */
  readonly corsOrigins?: readonly string[];
  /** Proxies in front whose `X-Forwarded-For` is believed. Default 0. */
  readonly trustedProxies?: number;
  /** With it `/metrics` is served beside the routes. */
  readonly metricsToken?: string;
  /** Serves `/metrics` without a token on a listener of its own. */
  readonly metricsListener?: { readonly host?: string; readonly port: number };
  /** Who is told of operators' alerts, beside the log. */
  readonly alertWebhook?: WebhookSettings;
  /** Brings database and tables up to date at the start. Default true; else they are only compared. */
  readonly migrate?: boolean;
  /** Default: JSON lines on standard output. */
  readonly log?: Log;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly scheduler?: Scheduler;
}

export interface SatchelServer {
  /** For example `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /** Of the metrics listener, where there is one. */
  readonly metricsPort?: number;
  readonly ctx: ServerContext;
  /**
   * Lets running requests end (at most `drainMs`, default 10,000), tells live sessions
   * to come again, stops all that runs beside. May be called twice.
   */
  stop(drainMs?: number): Promise<void>;
}

export const DEFAULT_LIMITS: ServerLimits = {
  pageRows: 1_000,
  answerBytes: 8_000_000,
  batchMutations: 10_000,
  bodyBytes: 16_000_000,
  requestsPerMinute: 600,
  liveBufferBytes: 1_000_000,
};

const DRAIN_MS = 10_000;
const LOCAL = '127.0.0.1';
const LIVE_PATH = '/v1/live';

/**
 * Starts a server of an app over PostgreSQL. Nodes keep nothing of their own: any
 * number may run over one database.
 *
 * @throws `postgres_too_old`, `database_unavailable`, `config_invalid`, and what the app's tables can cause
 * @example
 * ```ts
 * const server = await createServer({ app, database: process.env.DATABASE_URL, auth, port: 8080 });
 * console.log(`listening on ${server.url}`);
 * process.once('SIGTERM', () => server.stop());
 * ```
 */
export const createServer = async (options: ServerOptions): Promise<SatchelServer> => {
  const closers: (() => Promise<unknown>)[] = [];
  const closeAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const close of closers.splice(0).reverse()) await close().catch((error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  try {
    return await open(options, closers, closeAll);
  } catch (error) {
    await closeAll().catch(() => {});
    throw error;
  }
};

const open = async (
  options: ServerOptions,
  closers: (() => Promise<unknown>)[],
  closeAll: () => Promise<void>,
): Promise<SatchelServer> => {
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  const scheduler = options.scheduler ?? systemScheduler;
  const log = options.log ?? createLog();
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  // All that can be wrong with the settings is found before anything is opened.
  const origins = originRule(options.corsOrigins ?? []);
  const authenticate = await openAuth(options.auth, clock);
  checkPrivateNetwork(options.app, options.host);
  if (options.alertWebhook !== undefined) checkWebhook(options.alertWebhook);

  const db = await databaseOf(options, { scheduler, log }, closers);
  const node = await startNode({
    app: options.app,
    db,
    authenticate,
    limits,
    origins,
    clock,
    random,
    scheduler,
    log,
    ...(options.rate === undefined ? {} : { rate: options.rate }),
    ...(options.trustedProxies === undefined ? {} : { trustedProxies: options.trustedProxies }),
    ...(options.metricsToken === undefined ? {} : { metricsToken: options.metricsToken }),
    ...(options.alertWebhook === undefined ? {} : { alertWebhook: options.alertWebhook }),
    ...(options.migrate === undefined ? {} : { migrate: options.migrate }),
  });
  closers.push(() => node.stop());
  const { ctx, http, operations, metrics, sessions } = node;
  const figures = options.metricsListener;
  const metricsAt =
    figures === undefined
      ? undefined
      : await listenForMetrics(
          { operations, metrics },
          { host: figures.host ?? LOCAL, port: figures.port },
          scheduler,
        );
  if (metricsAt !== undefined) closers.push(() => metricsAt.close(0));

  // Last, when all that answers is there.
  let drain = DRAIN_MS;
  const listening = await listen(
    (request, env) => http.fetch(request, env),
    { host: options.host ?? LOCAL, port: options.port ?? 0 },
    scheduler,
  );
  closers.push(() => listening.close(drain));
  refuseUpgrades(listening.server, () => (node.isStopping() ? undefined : LIVE_PATH));
  const detach = attachLive(listening.server, sessions, {
    path: LIVE_PATH,
    isOriginAllowed: (origin, host) => origin === undefined || origins.allows(origin, host ?? null),
  });
  closers.push(async () => {
    detach();
    sessions.stop();
  });
  log.info({ port: listening.port }, 'listening');

  let stopped: Promise<void> | undefined;
  return {
    url: listening.url,
    port: listening.port,
    ...(metricsAt === undefined ? {} : { metricsPort: metricsAt.port }),
    ctx,
    stop: (drainMs = DRAIN_MS) => {
      node.refuse();
      drain = drainMs;
      stopped ??= closeAll().then(() => log.info({}, 'stopped'));
      return stopped;
    },
  };
};

const databaseOf = async (
  { database }: ServerOptions,
  given: { readonly scheduler: Scheduler; readonly log: Log },
  closers: (() => Promise<unknown>)[],
): Promise<Database> => {
  if (typeof database !== 'string') return database;
  const db = await openDatabase({ url: database, applicationName: 'satchel', ...given });
  closers.push(() => db.close());
  return db;
};
