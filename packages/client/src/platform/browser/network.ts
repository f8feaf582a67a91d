import type { NetworkSource, NetworkState } from '../../sync/network.ts';

/** `navigator.connection`, where there is one. */
interface Connection extends EventTarget {
  readonly type?: string;
}

const connection = (): Connection | undefined =>
  (navigator as Navigator & { readonly connection?: Connection }).connection;

const KINDS: Readonly<Record<string, NetworkState['kind']>> = {
  wifi: 'wifi',
  cellular: 'cellular',
  ethernet: 'ethernet',
};

/**
 * The network as a page sees it: `navigator.onLine`, and its kind where the browser
 * tells. `onLine` may be true without a way to the server: that shows by its failure.
 */
export const browserNetwork = (): NetworkSource => {
  const state = (): NetworkState => ({
    online: navigator.onLine,
    kind: KINDS[connection()?.type ?? ''] ?? 'unknown',
  });
  return {
    state,
    onChange: (heard) => {
      const tell = (): void => heard(state());
      const told = connection();
      addEventListener('online', tell);
      addEventListener('offline', tell);
      told?.addEventListener('change', tell);
      return () => {
        removeEventListener('online', tell);
        removeEventListener('offline', tell);
        told?.removeEventListener('change', tell);
      };
    },
  };
};
