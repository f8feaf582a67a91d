import type { OutboxEntry, OutboxState } from '../engine.ts';
import type { EnginePort } from '../engine-port.ts';
import type { SyncLoop } from '../sync/sync-loop.ts';

/** What waits to go up, and what went. */
export interface Outbox {
  list(filter?: { readonly state?: OutboxState; readonly limit?: number }): Promise<OutboxEntry[]>;
  /** Tries failed mutations again, one or all. */
  retry(mutationId?: string): Promise<number>;
}

export const outboxOf = (port: EnginePort, loop: SyncLoop): Outbox => ({
  list: (filter) => port.call('outbox', ...(filter ? [filter] : [])),
  async retry(mutationId) {
    const count = await port.call('retryFailed', ...(mutationId === undefined ? [] : [mutationId]));
    loop.request('hand', 'up');
    return count;
  },
});
