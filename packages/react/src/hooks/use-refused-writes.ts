import type { Journal, RefusedWrite } from '@satchel/client';
import { useSatchel } from '../provider.tsx';
import { observersOf } from '../store/observers.ts';
import { useObserved } from './use-observed.ts';

export interface RefusedWritesInView {
  /** The oldest first. */
  readonly entries: readonly RefusedWrite[];
  readonly retry: Journal['retry'];
  readonly exportOne: (id: string) => Promise<string>;
  readonly discard: Journal['discard'];
}

/**
 * What this browser saved while another tab held the database and did not answer, and
 * the database then did not take. None outside of a browser.
 */
export const useRefusedWrites = (): RefusedWritesInView => {
  const db = useSatchel();
  return {
    entries: useObserved(observersOf(db).refused).value ?? [],
    retry: (id) => db.journal.retry(id),
    exportOne: (id) => db.journal.export([id]),
    discard: (id) => db.journal.discard(id),
  };
};
