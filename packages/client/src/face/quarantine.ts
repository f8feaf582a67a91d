import { type Json, SatchelError } from '@satchel/protocol';
import type { QuarantineEntry, Written } from '../engine.ts';
import type { EnginePort } from '../engine-port.ts';

/** What the server refused, or the right to which is gone. Nothing in it is ever sent again unless edited. */
export interface Quarantine {
  list(): Promise<QuarantineEntry[]>;
  show(mutationId: string): Promise<QuarantineEntry>;
  /** Writes it again as a new mutation, with `values` laid over change by change. */
  retry(
    mutationId: string,
    edits?: readonly { readonly change: number; readonly values: Record<string, Json> }[],
  ): Promise<Written>;
  export(mutationIds?: readonly string[]): Promise<string>;
  discard(mutationId: string): Promise<void>;
}

export const quarantineOf = (
  port: EnginePort,
  wrote: (written: Written) => Promise<void>,
  changed: () => void,
): Quarantine => ({
  list: () => port.call('quarantine'),
  async show(mutationId) {
    const entry = (await port.call('quarantine')).find((one) => one.mutationId === mutationId);
    if (!entry) throw new SatchelError('quarantine_unknown', { mutationId });
    return entry;
  },
  async retry(mutationId, edits) {
    const written = await port.call('quarantineRetry', mutationId, ...(edits ? [edits] : []));
    await wrote(written);
    return written;
  },
  export: (mutationIds) => port.call('quarantineExport', ...(mutationIds ? [mutationIds] : [])),
  async discard(mutationId) {
    await port.call('quarantineDiscard', mutationId);
    changed();
  },
});
