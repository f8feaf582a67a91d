import type { NetworkSource, NetworkState } from '@satchel/client';
import { browserNetwork } from '@satchel/client/browser';

/** The browser's network with a switch in front, for people who want to see what happens without one. */
export interface SwitchedNetwork extends NetworkSource {
  readonly isOff: () => boolean;
  readonly turn: (off: boolean) => void;
  /** Told when the switch was turned, in this tab or in another of the same user. */
  readonly onTurn: (heard: () => void) => () => void;
}

/** `Go offline` holds for every tab of a user, and over the end of the window, until somebody goes online. */
export const switchedNetwork = (userId: string): SwitchedNetwork => {
  const place = `network-off:${userId}`;
  const real = browserNetwork();
  const heard = new Set<(state: NetworkState) => void>();
  const turned = new Set<() => void>();
  const isOff = (): boolean => localStorage.getItem(place) === 'yes';
  const state = (): NetworkState => {
    const { kind, online } = real.state();
    return { kind, online: online && !isOff() };
  };
  const tell = (): void => {
    for (const listener of heard) listener(state());
  };
  const tellTurn = (): void => {
    tell();
    for (const listener of turned) listener();
  };
  real.onChange(tell);
  window.addEventListener('storage', ({ key }) => {
    if (key === place) tellTurn();
  });
  return {
    state,
    onChange: (listener) => {
      heard.add(listener);
      return () => heard.delete(listener);
    },
    isOff,
    turn: (off) => {
      if (off) localStorage.setItem(place, 'yes');
      else localStorage.removeItem(place);
      tellTurn();
    },
    onTurn: (listener) => {
      turned.add(listener);
      return () => turned.delete(listener);
    },
  };
};
