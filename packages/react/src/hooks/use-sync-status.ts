import type { SyncStatus } from '@satchel/client';
import { useSatchel } from '../provider.tsx';
import { observersOf } from '../store/observers.ts';
import { useObserved } from './use-observed.ts';

/**
 * The sync status, live; undefined until it was first told.
 *
 * @example
 * ```tsx
 * const status = useSyncStatus();
 * return <p>{status?.pending ?? 0} changes are only on this device</p>;
 * ```
 */
export const useSyncStatus = (): SyncStatus | undefined =>
  useObserved(observersOf(useSatchel()).status).value;
