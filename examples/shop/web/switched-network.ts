import type { NetworkSource, NetworkState } from '@satchel/client';
import { browserNetwork } from '@satchel/client/browser';

const KEPT = 'network-off';

/** The browser's network with a switch in front: `Go offline` holds over a reload too. */
export interface SwitchedNetwork extends NetworkSource {
  readonly isOff: () => boolean;
  readonly turn: (off: boolean) => void;
}

export const switchedNetwork = (): SwitchedNetwork => {
  const real = browserNetwork();
  const heard = new Set<(state: NetworkState) => void>();
  const isOff = (): boolean => sessionStorage.getItem(KEPT) === 'yes';
  const state = (): NetworkState => {
    const { kind, online } = real.state();
    return { kind, online: online && !isOff() };
  };
  const tell = (): void => {
    for (const listener of heard) listener(state());
  };
  real.onChange(tell);
  return {
    state,
    onChange: (listener) => {
      heard.add(listener);
      return () => heard.delete(listener);
    },
    isOff,
    turn: (off) => {
      if (off) sessionStorage.setItem(KEPT, 'yes');
      else sessionStorage.removeItem(KEPT);
      tell();
    },
  };
};
