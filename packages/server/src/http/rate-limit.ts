import { SatchelError } from '@satchel/protocol';
import pg from 'pg';
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRes,
} from 'rate-limiter-flexible';

export interface RateSettings {
  /** Requests a minute and principal. */
  readonly perPrincipal: number;
  /** Requests a minute and address without a good token. Default 120. */
  readonly perAddress?: number;
  /**
   * `memory` counts on this node alone; `postgres` for all nodes together, over a
   * pool of its own (two connections), so that a flood cannot starve the app's.
   * Default `memory`.
   */
  readonly store?: { readonly kind: 'memory' } | { readonly kind: 'postgres'; readonly url: string };
}

export interface RateLimits {
  /** Counts a request of a principal; throws `rate_limited` with the seconds to wait. */
  principal(id: string): Promise<void>;
  /** Counts a request without a good token. */
  address(address: string): Promise<void>;
  close(): Promise<void>;
}

const WINDOW_SECONDS = 60;
const DEFAULT_PER_ADDRESS = 120;

export const openRateLimits = async (settings: RateSettings): Promise<RateLimits> => {
  const store = settings.store ?? { kind: 'memory' };
  const pool = store.kind === 'postgres' ? new pg.Pool({ connectionString: store.url, max: 2 }) : undefined;
  // An idle connection that breaks is replaced at the next use; without a listener it would end the process.
  pool?.on('error', () => {});
  const limiter = async (keyPrefix: string, points: number): Promise<RateLimiterAbstract> => {
    const memory = new RateLimiterMemory({ keyPrefix, points, duration: WINDOW_SECONDS });
    if (pool === undefined) return memory;
    return await new Promise((resolve, reject) => {
      const shared = new RateLimiterPostgres(
        {
          storeClient: pool,
          schemaName: 'satchel',
          tableName: 'rate_limits',
          keyPrefix,
          points,
          duration: WINDOW_SECONDS,
          // While the store does not answer, each node counts for itself.
          insuranceLimiter: memory,
        },
        (error) => (error === undefined ? resolve(shared) : reject(error)),
      );
    });
  };
  const principals = await limiter('principal', settings.perPrincipal);
  const addresses = await limiter('address', settings.perAddress ?? DEFAULT_PER_ADDRESS);
  return {
    principal: (id) => consume(principals, id),
    address: (address) => consume(addresses, address),
    close: async () => {
      await pool?.end();
    },
  };
};

const consume = async (limiter: RateLimiterAbstract, key: string): Promise<void> => {
  try {
    await limiter.consume(key);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    throw new SatchelError('rate_limited', {
      retryAfter: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)),
    });
  }
};
