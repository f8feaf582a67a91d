import type { DeviceSettings } from '@satchel/client';
import { useReducer } from 'react';
import { useSatchel } from '../provider.tsx';
import { observersOf } from '../store/observers.ts';
import { reread } from '../store/reread.ts';
import { useObserved } from './use-observed.ts';

/** What the person chose about sync on this device, and how to choose anew. */
export const useDeviceSettings = (): readonly [
  DeviceSettings,
  (choices: Partial<DeviceSettings>) => Promise<void>,
] => {
  const db = useSatchel();
  // Choices are told with the status, like all that steers the loop; here they show at once.
  useObserved(observersOf(db).named('settings', () => reread(db, async () => db.settings.get())));
  const [, draw] = useReducer((drawn: number) => drawn + 1, 0);
  return [
    db.settings.get(),
    (choices) => {
      const kept = db.settings.set(choices);
      draw();
      return kept;
    },
  ];
};
