import type { OutboxEntry, OutboxState } from '../engine.ts';
import type { EnginePort } from '../engine-port.ts';
import type { SyncPort } from '../sync/sync-port.ts';

/** What waits to go up, and what went. */
export interface Outbox {
  list(filter?: { readonly state?: OutboxState; readonly limit?: number }): Promise<OutboxEntry[]>;
  /** Tries failed mutations again, one or all. */
  retry(mutationId?: string): Promise<number>;
  /** One mutation, whatever its state; undefined once it is no longer kept. */
  show(mutationId: string): Promise<OutboxEntry | undefined>;
  /** All that is not on the server yet, quarantine included, as text. */
  export(): Promise<string>;
}

export const outboxOf = (port: EnginePort, loop: SyncPort, changed: () => void): Outbox => ({
  list: (filter) => port.call('outbox', ...(filter ? [filter] : [])),
  async retry(mutationId) {
    const count = await port.call('retryFailed', ...(mutationId === undefined ? [] : [mutationId]));
    loop.request('hand', 'up');
    changed();
    return count;
  },
  show: async (mutationId) => (await port.call('outbox', { mutationId }))[0],
  export: () => port.call('exportPending'),
});
