import type { RowState } from '@satchel/client';
import { useMemo, useSyncExternalStore } from 'react';
import { useSatchel } from '../provider.tsx';
import { observersOf } from '../store/observers.ts';

/** A row of a synced table. */
export interface RecordName {
  readonly table: string;
  readonly key: string;
}
export type RecordState = Exclude<RowState['state'], 'absent'>;

/** From the mildest to the gravest: a parent shows the gravest of its children. */
export const RECORD_STATES = ['synced', 'pending', 'failed', 'conflict'] as const satisfies RecordState[];

/** The gravest state among rows; undefined until it is known. */
export const useRecordState = (...records: readonly RecordName[]): RecordState | undefined => {
  const db = useSatchel();
  const names = JSON.stringify(records);
  const [subscribe, read] = useMemo(() => {
    const observed = (JSON.parse(names) as RecordName[]).map(({ table, key }) =>
      observersOf(db).rowState(table, key),
    );
    return [
      (listener: () => void) => {
        const ends = observed.map((one) => one.subscribe(listener));
        return () => {
          for (const end of ends) end();
        };
      },
      (): RecordState | undefined => {
        const states = observed.map((one) => one.get().value?.state);
        return RECORD_STATES.findLast((state) => states.includes(state));
      },
    ] as const;
  }, [db, names]);
  return useSyncExternalStore(subscribe, read, read);
};
