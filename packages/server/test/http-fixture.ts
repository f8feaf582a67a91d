import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Writable } from 'node:stream';
import { type AuthSettings, openAuth } from '../src/http/auth.ts';
import { originRule } from '../src/http/cors.ts';
import { createHttpApp } from '../src/http/http-app.ts';
import type { HttpParts } from '../src/http/http-parts.ts';
import { listen } from '../src/http/listen.ts';
import { createLog } from '../src/http/log.ts';
import { createMetrics } from '../src/http/metrics.ts';
import type { Operations } from '../src/http/operations.ts';
import { openRateLimits } from '../src/http/rate-limit.ts';
import { signToken, type TokenRequest } from '../src/operate/token.ts';
import { systemRandom, systemScheduler } from '../src/system.ts';

export const SECRET = 'a secret of at least thirty-two bytes';
export const NOW = 1_764_000_000_000;

export const uuid = (n: number): string => `0192f0c1-7a3e-7c11-9a5e-${String(n).padStart(12, '0')}`;

/** The smallest push that is of the protocol. */
export const pushBody = (mutations = 1) => ({
  protocolVersion: 1,
  schemaVersion: 1,
  batchId: uuid(1),
  clientId: uuid(2),
  runId: uuid(3),
  sentAt: `${NOW}:0:device`,
  mutations: Array.from({ length: mutations }, (_, i) => ({
    mutationId: uuid(100 + i),
    seq: i + 1,
    hlc: `${NOW}:0:device`,
    author: 'ana',
    schemaVersion: 1,
    changes: [{ table: 'products', op: 'insert', key: `k${i}`, values: { name: 'Wheat, 50 kg' } }],
  })),
});

export const pullBody = () => ({ protocolVersion: 1, schemaVersion: 1, clientId: uuid(2), cursor: null });

/** Operations that refuse: a test gives those that it expects to be called. */
const refusing = (): Operations => {
  const refuse = (name: string) => () => Promise.reject(new Error(`not expected: ${name}`));
  return {
    revokedAs: async () => null,
    push: refuse('push'),
    pull: refuse('pull'),
    ack: refuse('ack'),
    digests: refuse('digests'),
    versions: refuse('versions'),
    rows: refuse('rows'),
    status: refuse('status'),
    listConflicts: refuse('listConflicts'),
    showConflict: refuse('showConflict'),
    resolveConflict: refuse('resolveConflict'),
    undoConflict: refuse('undoConflict'),
    escalateConflict: refuse('escalateConflict'),
    resolveConflicts: refuse('resolveConflicts'),
    listClients: refuse('listClients'),
    revokeClient: refuse('revokeClient'),
    restoreClient: refuse('restoreClient'),
    listBatches: refuse('listBatches'),
    listItems: refuse('listItems'),
    listAlerts: refuse('listAlerts'),
    figures: refuse('figures'),
    showBatch: refuse('showBatch'),
    replayBatch: refuse('replayBatch'),
    rowHistory: refuse('rowHistory'),
    ready: async () => {},
    gauges: async () => ({
      openConflicts: 3,
      heldMutations: 0,
      appliedQueue: 0,
      liveClients: 1,
      oldestTransactionSeconds: 0,
      pendingOnDevices: 0,
      standingAlerts: 0,
      syncSuccessRate: 0.5,
      meanSyncSeconds: null,
      conflictRate: null,
      consistencySeconds: null,
    }),
  };
};

export interface HttpFixture {
  readonly url: string;
  readonly port: number;
  readonly log: string[];
  readonly clock: { time: number; now(): number };
  token(request?: Partial<TokenRequest>): Promise<string>;
  /** A request with a good token, unless `headers` says otherwise. */
  ask(path: string, options?: Ask): Promise<Answer>;
  stopAccepting(): void;
  close(drainMs?: number): Promise<void>;
}

export interface Ask {
  readonly method?: string;
  readonly body?: unknown;
  readonly bytes?: Uint8Array;
  /** Sent in chunks, its length unannounced. */
  readonly chunked?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** `null`: none. */
  readonly token?: string | null;
  readonly onRequest?: (request: ClientRequest) => void;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  readonly json: unknown;
  readonly code: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A real HTTP server on a free port over operations that a test gives. */
export const startHttp = async (
  operations: Partial<Operations> = {},
  given: {
    readonly auth?: AuthSettings;
    readonly origins?: readonly string[];
    readonly metricsToken?: string;
    readonly perPrincipal?: number;
    readonly perAddress?: number;
    readonly limits?: HttpParts['limits'];
    readonly trustedProxies?: number;
  } = {},
): Promise<HttpFixture> => {
  const log: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log.push(chunk.toString());
      done();
    },
  });
  const clock = {
    time: NOW,
    now() {
      return this.time;
    },
  };
  let stopping = false;
  const rate = await openRateLimits({
    perPrincipal: given.perPrincipal ?? 10_000,
    perAddress: given.perAddress ?? 10_000,
  });
  const app = createHttpApp({
    operations: { ...refusing(), ...operations },
    authenticate: await openAuth(given.auth ?? { keys: { kind: 'secret', secret: SECRET } }, clock),
    rate,
    origins: originRule(given.origins ?? []),
    metrics: createMetrics(),
    log: createLog({ destination, level: 'debug' }),
    clock,
    random: systemRandom,
    limits: given.limits ?? { bodyBytes: 1_000_000, batchMutations: 100 },
    administrators: ['admin'],
    trustedProxies: given.trustedProxies ?? 0,
    ...(given.metricsToken === undefined ? {} : { metricsToken: given.metricsToken }),
    stopping: () => stopping,
  });
  const listening = await listen(
    (request, env) => app.fetch(request, env),
    { host: '127.0.0.1', port: 0 },
    systemScheduler,
  );
  const token = (request: Partial<TokenRequest> = {}) =>
    signToken(SECRET, { userId: 'ana', ...request }, clock);
  return {
    url: listening.url,
    port: listening.port,
    log,
    clock,
    token,
    ask: async (path, options = {}) => {
      const bearer = options.token === undefined ? await token() : options.token;
      return await ask(`${listening.url}${path}`, bearer, options);
    },
    stopAccepting: () => {
      stopping = true;
    },
    close: async (drainMs = 0) => {
      await listening.close(drainMs);
      await rate.close();
    },
  };
};

/** One raw exchange: nothing is decompressed, nothing is retried. */
export const ask = (url: string, bearer: string | null, options: Ask): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const bytes =
      options.bytes ?? (options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body)));
    const request = httpRequest(
      url,
      {
        method: options.method ?? (bytes === undefined ? 'GET' : 'POST'),
        agent: false,
        headers: {
          ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
          ...(bytes === undefined ? {} : { 'content-type': 'application/json' }),
          ...(bytes === undefined || options.chunked === true
            ? {}
            : { 'content-length': String(bytes.byteLength) }),
          ...options.headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve(answerFrom(response.statusCode ?? 0, response.headers, Buffer.concat(chunks))),
        );
      },
    );
    request.on('error', reject);
    options.onRequest?.(request);
    if (bytes !== undefined) request.write(bytes);
    request.end();
  });

const answerFrom = (status: number, headers: IncomingHttpHeaders, bytes: Buffer): Answer => {
  const text = bytes.toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const error = (json as { error?: { code?: string; params?: Record<string, unknown> } } | undefined)?.error;
  return { status, headers, bytes, text, json, code: error?.code, params: error?.params ?? {} };
};
