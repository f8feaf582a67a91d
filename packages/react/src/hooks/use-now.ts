import { useSyncExternalStore } from 'react';
import { useSettingsOfProvider } from '../provider.tsx';

/** Milliseconds between two looks at the clock: ages are told in minutes. */
const EVERY = 15_000;

const subscribe = (listener: () => void): (() => void) => {
  const timer = setInterval(listener, EVERY);
  return () => clearInterval(timer);
};

/** The time, UTC milliseconds, rounded down to `EVERY`: enough for "3 minutes ago". */
export const useNow = (): number => {
  const { now } = useSettingsOfProvider();
  const read = (): number => Math.floor(now() / EVERY) * EVERY;
  return useSyncExternalStore(subscribe, read, read);
};
