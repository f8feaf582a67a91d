import { Worker } from 'node:worker_threads';
import type { Clock, Random, Scheduler } from '@satchel/core';
import { openEngine } from '../../database/open-engine.ts';
import { localPort } from '../../engine-port.ts';
import { remotePort } from '../../engine-remote.ts';
import type { Platform } from '../../platform.ts';
import { type NetworkSource, steadyNetwork } from '../../sync/network.ts';
import { betterSqlite3Driver } from './better-sqlite3-driver.ts';
import type { EngineWorkerData } from './engine-worker.ts';
import { nodeHttp } from './http.ts';
import { nodeSocket } from './socket.ts';
import { systemClock, systemRandom, systemScheduler } from './system.ts';
import { workerChannel } from './worker-channel.ts';

export interface NodePlatformOptions {
  /** Folder of the databases; made if it is not there. */
  readonly directory: string;
  /**
   * Runs the engine in a thread of its own, so that no long query holds the app's
   * thread. `definition`: the module whose default export is the app; `execArgv`: of the
   * thread, default as the process.
   */
  readonly worker?: {
    readonly definition: URL | string;
    readonly script?: URL;
    readonly execArgv?: readonly string[];
  };
  /** Default: always there. */
  readonly network?: NetworkSource;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly scheduler?: Scheduler;
}

/**
 * Satchel on Node: better-sqlite3, `node:http`, `ws`.
 *
 * @example
 * ```ts
 * const db = await openSatchel({ app, platform: nodePlatform({ directory: './data' }), server, user, token });
 * ```
 */
export const nodePlatform = (options: NodePlatformOptions): Platform => {
  const drivers = betterSqlite3Driver({ directory: options.directory });
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  const http = nodeHttp();
  const workers = new Set<Worker>();
  return {
    clock,
    random,
    scheduler: options.scheduler ?? systemScheduler,
    network: options.network ?? steadyNetwork,
    exchange: http.exchange,
    openSocket: nodeSocket,
    hour: (now) => {
      const local = new Date(now);
      return local.getHours() + local.getMinutes() / 60;
    },
    async openEngine({ app, name, userId, durability }) {
      if (!options.worker) {
        const driver = await drivers.open(name);
        const engine = openEngine({ app, driver, userId, clock, random, durability });
        return localPort(engine, () => driver.flush());
      }
      const { definition, script, execArgv } = options.worker;
      const workerData: EngineWorkerData = {
        definition: String(definition),
        directory: options.directory,
        name,
        userId,
        durability,
      };
      const worker = new Worker(script ?? new URL('./engine-worker.js', import.meta.url), {
        workerData,
        ...(execArgv ? { execArgv: [...execArgv] } : {}),
      });
      workers.add(worker);
      worker.once('exit', () => workers.delete(worker));
      const port = remotePort(workerChannel(worker));
      // The first call is answered only when the engine is open, with its error if it could not be.
      await port.call('facts');
      return port;
    },
    databases: async (prefix) => drivers.list(prefix),
    remove: async (name) => drivers.remove(name),
    async close() {
      http.destroy();
      await Promise.all([...workers].map((worker) => worker.terminate()));
    },
  };
};
