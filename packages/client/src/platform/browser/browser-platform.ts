import { SatchelError } from '@satchel/protocol';
import type { StorageFacts } from '../../engine.ts';
import type { EnginePort } from '../../engine-port.ts';
import type { Platform } from '../../platform.ts';
import type { NetworkSource } from '../../sync/network.ts';
import { Face } from './face.ts';
import { fetchExchange } from './http.ts';
import { browserNetwork } from './network.ts';
import { browserSocket } from './socket.ts';
import { listStorages, removeStorage } from './storage.ts';
import { browserClock, browserRandom, browserScheduler, localHour } from './system.ts';

/** Opening that takes longer is given up: it never hangs. */
const OPEN_WITHIN = 20_000;
/** Browsers that ask the person whether storage may be kept are not waited for. */
const PERSIST_WITHIN = 500;

export interface BrowserPlatformOptions {
  /** Makes the worker of the engine: a module that calls `runEngineWorker(app)`. One is made for each database that is opened. */
  readonly worker: () => Worker;
  /** Default: `navigator.onLine` and `navigator.connection`. */
  readonly network?: NetworkSource;
  /** Storages that may be used, default all: `opfs`, `indexeddb`, `memory`, in this order. */
  readonly storages?: readonly StorageFacts['kind'][];
}

/**
 * Satchel in a browser: SQLite and the sync loop in a worker, on the origin's private
 * file system; tabs of one origin share them.
 *
 * `vite.config.ts` needs `worker: { format: 'es' }` and
 * `optimizeDeps: { exclude: ['@sqlite.org/sqlite-wasm'] }`.
 *
 * @example
 * ```ts
 * // satchel.worker.ts
 * import { runEngineWorker } from '@satchel/client/browser-worker';
 * import app from './app.ts';
 * runEngineWorker(app);
 *
 * // main.ts
 * const platform = browserPlatform({
 *   worker: () => new Worker(new URL('./satchel.worker.ts', import.meta.url), { type: 'module' }),
 * });
 * const db = await openSatchel({ app, platform, server, user, token });
 * ```
 */
export const browserPlatform = (options: BrowserPlatformOptions): Platform => {
  const network = options.network ?? browserNetwork();
  const open = new Map<string, Face>();
  const ends: (() => void)[] = [];
  const watch = (target: EventTarget, type: string, heard: (event: Event) => void): void => {
    target.addEventListener(type, heard);
    ends.push(() => target.removeEventListener(type, heard));
  };
  ends.push(
    network.onChange((state) => {
      for (const face of open.values()) face.tellNetwork(state);
    }),
  );
  watch(globalThis, 'pagehide', () => {
    for (const face of open.values()) face.release();
  });
  watch(globalThis, 'pageshow', (event) => {
    // Put away and taken out again: the worker had to let go of the database.
    if ((event as PageTransitionEvent).persisted) location.reload();
  });
  watch(document, 'visibilitychange', () => {
    if (document.visibilityState !== 'visible') return;
    for (const face of open.values()) face.ask('sync', 'foreground', []).catch(() => undefined);
  });

  return {
    clock: browserClock,
    random: browserRandom,
    scheduler: browserScheduler,
    network,
    exchange: fetchExchange,
    openSocket: browserSocket,
    hour: localHour,
    async openEngine({ name, userId, durability, syncing }): Promise<EnginePort> {
      if (open.has(name)) throw new SatchelError('database_in_use', { path: name });
      const { token, ...sync } = syncing;
      // It loads while the browser is asked.
      const worker = options.worker();
      const persisting = askToPersist();
      const face = new Face({
        open: {
          kind: 'open',
          name,
          userId,
          durability,
          ...sync,
          network: network.state(),
          persisted: (await inTime(persisting, PERSIST_WITHIN)) ?? false,
          storages: options.storages ?? ['opfs', 'indexeddb', 'memory'],
        },
        worker,
        token,
        random: browserRandom,
        scheduler: browserScheduler,
        elapsed: () => performance.now(),
        at: browserClock.now,
      });
      open.set(name, face);
      persisting.then((persisted) => face.tellPersisted(persisted));
      const opened = await inTime(
        face.call('facts').then(
          () => null,
          (error: unknown) => error,
        ),
        OPEN_WITHIN,
      );
      if (opened === null) {
        const close = face.close.bind(face);
        return Object.assign(face, {
          close: async () => {
            await close();
            open.delete(name);
          },
        });
      }
      open.delete(name);
      face.release();
      await face.close();
      throw opened ?? new SatchelError('leader_silent');
    },
    databases: listStorages,
    remove: removeStorage,
    async close() {
      for (const end of ends.splice(0)) end();
      for (const face of open.values()) await face.close();
      open.clear();
    },
  };
};

/** Asks that the origin's data are not cleared for room; false where that is refused. */
const askToPersist = async (): Promise<boolean> => {
  try {
    return (await navigator.storage.persisted()) || (await navigator.storage.persist());
  } catch {
    return false;
  }
};

const inTime = <T>(work: Promise<T>, ms: number): Promise<T | undefined> =>
  new Promise((done, failed) => {
    const timer = browserScheduler.after(ms, () => done(undefined));
    work.then(done, failed).finally(() => timer.cancel());
  });
