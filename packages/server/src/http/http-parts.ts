import type { IncomingMessage } from 'node:http';
import type { Clock, Random } from '@satchel/core';
import type { Log } from '../context.ts';
import type { MountedDialects } from '../dialects/dialect-route.ts';
import type { Authenticate } from './auth.ts';
import type { OriginRule } from './cors.ts';
import type { HandleLimits } from './handle-route.ts';
import type { Metrics } from './metrics.ts';
import type { Operations } from './operations.ts';
import type { RateLimits } from './rate-limit.ts';

/** What the HTTP layer stands on; all of it can be faked. */
export interface HttpParts {
  readonly operations: Operations;
  readonly authenticate: Authenticate;
  readonly rate: RateLimits;
  readonly origins: OriginRule;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: HandleLimits;
  readonly administrators: readonly string[];
  /** Proxies in front whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: number;
  /** Contracts of older clients, where the app asks for some. */
  readonly dialects?: MountedDialects;
  /** Absent: `/metrics` is not served here. */
  readonly metricsToken?: string;
  /** True once the server was told to stop. */
  readonly stopping: () => boolean;
}

/** Facts of one request, gathered on its way, for the log and the metrics. Never a key, a value or a token. */
export interface Facts {
  readonly requestId: string;
  readonly address: string;
  readonly startedAt: number;
  route: string;
  received: number;
  code?: string;
  user?: string;
  clientId?: string;
}

export type HttpEnv = {
  Bindings: { readonly incoming?: IncomingMessage };
  Variables: { facts: Facts };
};
