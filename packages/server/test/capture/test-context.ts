import type { App } from '@satchel/schema';
import type { ServerContext } from '../../src/context.ts';
import type { Database } from '../../src/postgres/database.ts';
import { systemClock, systemRandom, systemScheduler } from '../../src/system.ts';

const silent = (): void => undefined;

/** A server's context without a server. */
export const testContext = (
  db: Database,
  app: App,
  tableIds: ReadonlyMap<string, number> = new Map(),
): ServerContext => ({
  app,
  db,
  tableIds,
  clock: systemClock,
  random: systemRandom,
  scheduler: systemScheduler,
  log: { debug: silent, info: silent, warn: silent, error: silent },
  limits: {
    pageRows: 1_000,
    answerBytes: 8_000_000,
    batchMutations: 10_000,
    bodyBytes: 16_000_000,
    requestsPerMinute: 600,
    liveBufferBytes: 1_000_000,
  },
});
