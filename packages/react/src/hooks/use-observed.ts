import { useSyncExternalStore } from 'react';
import type { Observed, Told } from '../store/observed.ts';

/** What an observer last told; the component is drawn again when it tells anew. */
export const useObserved = <T>(observed: Observed<T>): Told<T> =>
  useSyncExternalStore(observed.subscribe, observed.get, observed.get);
