import type { NetworkSource, NetworkState } from '../../sync/network.ts';

/** What is used of `@react-native-community/netinfo`. */
export interface NetInfo {
  addEventListener(heard: (state: NetInfoState) => void): () => void;
}
export interface NetInfoState {
  readonly type: string;
  readonly isConnected: boolean | null;
}

/** What is used of `expo-network`. */
export interface ExpoNetwork {
  getNetworkStateAsync(): Promise<ExpoNetworkState>;
  addNetworkStateListener(heard: (state: ExpoNetworkState) => void): { remove(): void };
}
export interface ExpoNetworkState {
  readonly type?: string;
  readonly isConnected?: boolean;
}

/** What is used of React Native's `AppState`. */
export interface AppState {
  addEventListener(type: 'change', heard: (state: string) => void): { remove(): void };
}

const KINDS: Readonly<Record<string, NetworkState['kind']>> = {
  wifi: 'wifi',
  cellular: 'cellular',
  ethernet: 'ethernet',
};

/** Until the module has spoken the network counts as there: a run that fails tells better. */
const UNTOLD: NetworkState = { online: true, kind: 'unknown' };

const told = (type: string | undefined, isConnected: boolean | null | undefined): NetworkState => ({
  online: isConnected !== false,
  kind: KINDS[type?.toLowerCase() ?? ''] ?? 'unknown',
});

/** Keeps the last state that a module told, and tells it on where it differs. */
const sourceOf = (listen: (heard: (state: NetworkState) => void) => void): NetworkSource => {
  let last = UNTOLD;
  const listeners = new Set<(state: NetworkState) => void>();
  listen((state) => {
    if (state.online === last.online && state.kind === last.kind) return;
    last = state;
    for (const heard of listeners) heard(state);
  });
  return {
    state: () => last,
    onChange: (heard) => {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
  };
};

/** @example `const network = netInfoNetwork(NetInfo);` */
export const netInfoNetwork = (netInfo: NetInfo): NetworkSource =>
  sourceOf((heard) => {
    netInfo.addEventListener(({ type, isConnected }) => heard(told(type, isConnected)));
  });

/** @example `import * as Network from 'expo-network'; const network = expoNetwork(Network);` */
export const expoNetwork = (network: ExpoNetwork): NetworkSource =>
  sourceOf((heard) => {
    const tell = ({ type, isConnected }: ExpoNetworkState): void => heard(told(type, isConnected));
    network.addNetworkStateListener(tell);
    network.getNetworkStateAsync().then(tell, () => {
      // The module cannot say: what it tells later counts.
    });
  });

/**
 * Calls back when the app comes to the foreground; returns a function that ends it.
 *
 * @example `onForeground(AppState, () => db.sync.foreground());`
 */
export const onForeground = (appState: AppState, heard: () => void): (() => void) => {
  const subscription = appState.addEventListener('change', (state) => {
    if (state === 'active') heard();
  });
  return () => subscription.remove();
};
