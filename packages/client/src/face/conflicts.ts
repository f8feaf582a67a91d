import type { Conflict, ResolveRequest } from '@satchel/protocol';
import type { EnginePort } from '../engine-port.ts';
import type { SyncPort } from '../sync/sync-port.ts';
import type { Transport } from '../sync/transport.ts';

/** Clashes that concern this device. */
export interface Conflicts {
  /** Those kept on the device; `refresh` asks the server first. */
  list(options?: { readonly refresh?: boolean }): Promise<Conflict[]>;
  resolve(conflictId: string, request: ResolveRequest): Promise<Conflict>;
  undo(conflictId: string): Promise<Conflict>;
}

export const conflictsOf = (
  port: EnginePort,
  transport: Transport,
  loop: SyncPort,
  clientId: string,
  signal: AbortSignal,
  changed: () => void,
): Conflicts => {
  const decided = async (conflict: Conflict): Promise<Conflict> => {
    await port.call('takeConflicts', [conflict]);
    loop.decided();
    changed();
    return conflict;
  };
  return {
    async list(options) {
      if (options?.refresh) {
        const { conflicts } = await transport.conflicts(clientId, signal);
        await port.call('takeConflicts', conflicts);
        changed();
      }
      return port.call('conflicts');
    },
    resolve: async (conflictId, request) =>
      decided(await transport.resolve(clientId, conflictId, request, signal)),
    undo: async (conflictId) => decided(await transport.undo(clientId, conflictId, signal)),
  };
};
