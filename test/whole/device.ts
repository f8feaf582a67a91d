import {
  type EnginePort,
  type NetworkSource,
  type NetworkState,
  openSatchel,
  type Platform,
  type Satchel,
} from '@satchel/client';
import { nodePlatform } from '@satchel/client/node';
import { SatchelError } from '@satchel/protocol';
import type { App, SyncSettings } from '@satchel/schema';

/** What a device was sent, byte for byte after decompression, in the order in which it came. */
export interface Received {
  /** Told of each text: an HTTP answer, or a message of the live socket. */
  heard: (text: string, action: string) => void;
}

export interface DeviceOptions {
  readonly app: App;
  readonly directory: string;
  readonly server: string;
  readonly userId: string;
  readonly token: () => string | null | Promise<string | null>;
  readonly received?: Received;
  /** Says whether the live socket can be had; asked at each attempt. Default always. */
  readonly liveAllowed?: () => boolean;
  /** Requests that do not come through, by their path. Default none. */
  readonly cut?: (path: string) => boolean;
  /** Requests that the server gets and whose answer is lost, by their path. Default none. */
  readonly loseAnswer?: (path: string) => boolean;
  readonly sync?: Partial<SyncSettings>;
  readonly online?: boolean;
}

export interface Device {
  readonly db: Satchel;
  /** All that is not on the server yet, one mutation a line, to the letter as it is, or will be, sent. */
  waiting(): Promise<string[]>;
  readonly online: boolean;
  setOnline(online: boolean): void;
  close(): Promise<void>;
}

/** One device as an app would open it: real SQLite in a file, real HTTP, a real WebSocket. */
export const openDevice = async (options: DeviceOptions): Promise<Device> => {
  let state: NetworkState = { online: options.online ?? true, kind: 'wifi' };
  const listeners = new Set<(state: NetworkState) => void>();
  const network: NetworkSource = {
    state: () => state,
    onChange: (heard) => {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
  };
  const node = nodePlatform({ directory: options.directory, network });
  const { received, liveAllowed } = options;
  let port: EnginePort | undefined;
  const platform: Platform = {
    ...node,
    openEngine: async (open) => {
      port = await node.openEngine(open);
      return port;
    },
    exchange: async (request) => {
      const path = new URL(request.url).pathname;
      if (options.cut?.(path)) throw new SatchelError('network_unreachable');
      const answer = await node.exchange(request);
      if (options.loseAnswer?.(path)) throw new SatchelError('network_unreachable');
      received?.heard(answer.text, request.url);
      return answer;
    },
    openSocket: (url, events) => {
      if (liveAllowed && !liveAllowed()) {
        const refused = setTimeout(() => events.closed(1006), 0);
        return { send: () => {}, close: () => clearTimeout(refused) };
      }
      return node.openSocket(url, {
        ...events,
        message: (text) => {
          received?.heard(text, 'live');
          events.message(text);
        },
      });
    },
  };
  const db = await openSatchel({
    app: options.app,
    platform,
    server: options.server,
    user: { id: options.userId },
    token: options.token,
    durability: 'normal',
    ...(options.sync ? { sync: options.sync } : {}),
  });
  return {
    db,
    waiting: async () =>
      ((await port?.call('exportPending')) ?? '').split('\n').filter((line) => line !== ''),
    get online() {
      return state.online;
    },
    setOnline(online) {
      if (online === state.online) return;
      state = { ...state, online };
      for (const heard of listeners) heard(state);
    },
    close: async () => {
      await db.close();
      await node.close();
    },
  };
};

/** Waits until `done` says so, looking again after each change of the device's status. */
export const until = async (
  device: Device,
  what: string,
  done: () => Promise<boolean> | boolean,
  within = 20_000,
): Promise<void> => {
  const deadline = Date.now() + within;
  while (!(await done())) {
    if (Date.now() > deadline) {
      const status = await device.db.status();
      throw new Error(`${what}: not within ${within} ms; status ${JSON.stringify(status)}`);
    }
    await new Promise<void>((next) => {
      let end = (): void => {};
      const timer = setTimeout(() => {
        end();
        next();
      }, 20);
      let first = true;
      end = device.db.onStatus(() => {
        if (first) {
          first = false;
          return;
        }
        clearTimeout(timer);
        end();
        next();
      });
    });
  }
};
