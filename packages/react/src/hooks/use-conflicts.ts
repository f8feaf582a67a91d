import type { Conflict, ResolveRequest } from '@satchel/protocol';
import { useEffect, useRef } from 'react';
import { useSatchel } from '../provider.tsx';
import { observersOf } from '../store/observers.ts';
import { useObserved } from './use-observed.ts';
import { useSyncStatus } from './use-sync-status.ts';

export interface ConflictsInView {
  /** Those that wait for a person, newest first. */
  readonly open: readonly Conflict[];
  /** Those that were decided, newest first. */
  readonly settled: readonly Conflict[];
  readonly resolve: (conflictId: string, request: ResolveRequest) => Promise<Conflict>;
  readonly undo: (conflictId: string) => Promise<Conflict>;
}

/**
 * Conflicts that this user may see, and their decision. The server is asked for them
 * after each run, and when the number that waits here changes: those that others opened
 * come to whoever decides in this way.
 */
export const useConflicts = (): ConflictsInView => {
  const db = useSatchel();
  const status = useSyncStatus();
  const conflicts = useObserved(observersOf(db).conflicts).value ?? [];
  const online = status?.online ?? false;
  const moment = `${status?.openConflicts} ${status?.review} ${status?.lastRun?.endedAt}`;
  const asked = useRef<string>(undefined);
  useEffect(() => {
    if (!online || asked.current === moment) return;
    asked.current = moment;
    db.conflicts.list({ refresh: true }).catch(() => {
      // Not to be had now: those kept on the device are shown.
    });
  }, [db, online, moment]);
  return {
    open: conflicts.filter(({ state }) => state !== 'settled'),
    settled: conflicts.filter(({ state }) => state === 'settled'),
    resolve: (conflictId, request) => db.conflicts.resolve(conflictId, request),
    undo: (conflictId) => db.conflicts.undo(conflictId),
  };
};
