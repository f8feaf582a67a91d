import { SatchelError } from '@satchel/protocol';
import type { Engine } from './engine.ts';
import type { JournalPort } from './face/journal.ts';
import type { SyncHeard, SyncPort } from './sync/sync-port.ts';

type Method = {
  [K in keyof Engine]: Engine[K] extends (...args: never[]) => unknown ? K : never;
}[keyof Engine];

/**
 * How the app's side reaches the engine: beside it in the same thread (`localPort`)
 * or in a worker (`remotePort` in `engine-remote.ts`). Calls arrive in the order in
 * which they were made.
 */
export interface EnginePort {
  call<M extends Method>(method: M, ...args: Parameters<Engine[M]>): Promise<ReturnType<Engine[M]>>;
  /** Resolves when all that was committed is as durable as the storage makes it. */
  settled(): Promise<void>;
  /** Closes the engine and lets go of its database. */
  close(): Promise<void>;
  /** Joins the sync loop, where it runs beside the engine and not beside the app. */
  joinSync?(heard: SyncHeard): SyncPort;
  /** What was saved beside the database while another tab held it. */
  readonly journal?: JournalPort;
}

/** An engine in this very thread: calls are run at once, answers come as promises all the same. */
export const localPort = (engine: Engine, flush: () => Promise<void>): EnginePort => {
  let closed = false;
  return {
    async call(method, ...args) {
      if (closed) throw new SatchelError('database_closed');
      const run = engine[method] as (...args: unknown[]) => ReturnType<Engine[typeof method]>;
      return run.apply(engine, args);
    },
    settled: flush,
    async close() {
      if (closed) return;
      closed = true;
      engine.close();
    },
  };
};
