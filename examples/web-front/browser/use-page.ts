import { useSyncExternalStore } from 'react';

const subscribe = (heard: () => void): (() => void) => {
  window.addEventListener('hashchange', heard);
  return () => window.removeEventListener('hashchange', heard);
};
const hash = (): string => location.hash.slice(1);

/** The page that the address names, else the first: it outlives a reload, and Back goes back. */
export const usePage = <Name extends string>(names: readonly [Name, ...Name[]]): Name => {
  const named = useSyncExternalStore(subscribe, hash);
  return names.find((name) => name === named) ?? names[0];
};

export const goTo = (page: string): void => {
  location.hash = page;
};
