import type { SyncRun } from '@satchel/client';
import { useSatchel } from '../provider.tsx';
import { observersOf } from '../store/observers.ts';
import { useObserved } from './use-observed.ts';

/** The last runs of sync, newest first. */
export const useHistory = (limit = 10): readonly SyncRun[] =>
  useObserved(observersOf(useSatchel()).history(limit)).value ?? [];
