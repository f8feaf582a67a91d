import type { App } from '@satchel/schema';
import { EngineWorker } from './engine-worker.ts';
import type { ToWorker } from './message.ts';
import { loadSqlite } from './sqlite-wasm.ts';

/** The worker's own scope, as far as it is used: the types of a page do not have it. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: unknown): void;
}

/**
 * Runs Satchel's engine in this worker: SQLite, and the sync loop beside it. The
 * definition is imported here, for it may hold functions.
 *
 * @example
 * ```ts
 * import { runEngineWorker } from '@satchel/client/browser-worker';
 * import app from './app.ts';
 * runEngineWorker(app);
 * ```
 */
export const runEngineWorker = (app: App): void => {
  const scope = globalThis as unknown as WorkerScope;
  const worker = new EngineWorker(app, { post: (message) => scope.postMessage(message) });
  scope.onmessage = ({ data }) => worker.heard(data);
  // SQLite is compiled while the page makes up its mind; an error is told where it is first used.
  loadSqlite().catch(() => undefined);
};
