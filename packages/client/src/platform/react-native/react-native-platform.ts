import type { Random } from '@satchel/core';
import type { DriverFactory } from '../../database/driver.ts';
import { openEngine } from '../../database/open-engine.ts';
import { localPort } from '../../engine-port.ts';
import type { Platform } from '../../platform.ts';
import { type NetworkSource, steadyNetwork } from '../../sync/network.ts';
import { fetchExchange } from '../browser/http.ts';
import { browserSocket } from '../browser/socket.ts';
import { browserClock, browserRandom, browserScheduler, localHour } from '../browser/system.ts';

export interface ReactNativePlatformOptions {
  /** `expoDrivers(…)` or `opSqliteDrivers(…)`. */
  readonly drivers: DriverFactory;
  /** `netInfoNetwork(…)` or `expoNetwork(…)`; default: always there. */
  readonly network?: NetworkSource;
  /** Default: `crypto.getRandomValues`, which React Native has by `react-native-get-random-values` or Expo. */
  readonly random?: Random;
}

/**
 * Satchel in React Native: the engine beside the app, on a native SQLite module, with the
 * `fetch` and `WebSocket` that React Native has.
 *
 * @example
 * ```ts
 * const platform = reactNativePlatform({
 *   drivers: opSqliteDrivers(sqlite, mmkvSettings(createMMKV())),
 *   network: netInfoNetwork(NetInfo),
 * });
 * const db = await openSatchel({ app, platform, server, user, token });
 * onForeground(AppState, () => db.sync.foreground());
 * ```
 */
export const reactNativePlatform = (options: ReactNativePlatformOptions): Platform => {
  const { drivers } = options;
  const random = options.random ?? browserRandom;
  return {
    clock: browserClock,
    random,
    scheduler: browserScheduler,
    network: options.network ?? steadyNetwork,
    exchange: fetchExchange,
    openSocket: browserSocket,
    hour: localHour,
    async openEngine({ app, name, userId, durability }) {
      const driver = await drivers.open(name);
      try {
        const engine = openEngine({ app, driver, userId, clock: browserClock, random, durability });
        return localPort(engine, () => driver.flush());
      } catch (error) {
        driver.close();
        throw error;
      }
    },
    databases: async (prefix) => drivers.list(prefix),
    remove: async (name) => drivers.remove(name),
    async close() {},
  };
};
