import type { OutboxEntry, QuarantineEntry } from '@satchel/client';
import { useSatchel } from '../provider.tsx';
import { observersOf } from '../store/observers.ts';
import { useObserved } from './use-observed.ts';

export interface OutboxInView {
  /** What is not settled, in the order of writing. */
  readonly entries: readonly OutboxEntry[];
  /** Tries failed changes again, one or all. */
  readonly retry: (mutationId?: string) => Promise<number>;
  /** All that is not on the server yet, as text. */
  readonly exportAll: () => Promise<string>;
}

/** What waits to go up. */
export const useOutbox = (): OutboxInView => {
  const db = useSatchel();
  return {
    entries: useObserved(observersOf(db).outbox).value ?? [],
    retry: (mutationId) => db.outbox.retry(mutationId),
    exportAll: () => db.outbox.export(),
  };
};

export interface QuarantineInView {
  readonly entries: readonly QuarantineEntry[];
  readonly retry: SatchelQuarantine['retry'];
  readonly exportOne: (mutationId: string) => Promise<string>;
  readonly discard: (mutationId: string) => Promise<void>;
}
type SatchelQuarantine = ReturnType<typeof useSatchel>['quarantine'];

/** What the server refused, or the right to which is gone. */
export const useQuarantine = (): QuarantineInView => {
  const db = useSatchel();
  return {
    entries: useObserved(observersOf(db).quarantine).value ?? [],
    retry: (mutationId, edits) => db.quarantine.retry(mutationId, edits),
    exportOne: (mutationId) => db.quarantine.export([mutationId]),
    discard: (mutationId) => db.quarantine.discard(mutationId),
  };
};
