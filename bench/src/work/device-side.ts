import { type NetworkSource, type NetworkState, openSatchel, type Satchel } from '@satchel/client';
import { nodePlatform } from '@satchel/client/node';
import { invariant } from '@satchel/protocol';
import type { SyncSettings } from '@satchel/schema';
import { benchApp } from '../bench-app.ts';

/* Runs in a device's process: one open database, which the benchmarks' own functions use. */

export interface DeviceSettings {
  readonly directory: string;
  readonly server: string;
  readonly userId: string;
  readonly token: string;
  /** Starts the sync loop at once. Default true. */
  readonly start?: boolean;
  readonly online?: boolean;
  readonly sync?: Partial<SyncSettings>;
}

interface Device {
  readonly db: Satchel<typeof benchApp>;
  readonly network: ReturnType<typeof switchable>;
  close(): Promise<void>;
}

let device: Device | undefined;

const switchable = (online: boolean) => {
  let state: NetworkState = { online, kind: 'wifi' };
  const heard = new Set<(state: NetworkState) => void>();
  const source: NetworkSource = {
    state: () => state,
    onChange: (listener) => {
      heard.add(listener);
      return () => heard.delete(listener);
    },
  };
  return {
    ...source,
    set(next: boolean): void {
      state = { ...state, online: next };
      for (const listener of heard) listener(state);
    },
  };
};

export const openDevice = async (settings: DeviceSettings): Promise<void> => {
  const network = switchable(settings.online ?? true);
  const platform = nodePlatform({ directory: settings.directory, network });
  const db = await openSatchel({
    app: benchApp,
    platform,
    server: settings.server,
    user: { id: settings.userId },
    token: () => settings.token,
    start: settings.start ?? true,
    ...(settings.sync ? { sync: settings.sync } : {}),
  });
  device = {
    db,
    network,
    close: async () => {
      await db.close();
      await platform.close();
    },
  };
};

export const openedDevice = (): Device => {
  invariant(device, 'no device was opened in this process');
  return device;
};

export const closeDevice = async (): Promise<void> => {
  await openedDevice().close();
  device = undefined;
};

/** Resolves when the status says so; looked at whenever it changes. */
export const untilStatus = async (
  done: (status: Awaited<ReturnType<Satchel['status']>>) => boolean,
): Promise<void> => {
  const { db } = openedDevice();
  await new Promise<void>((resolve) => {
    const end = db.onStatus((status) => {
      if (!done(status)) return;
      end();
      resolve();
    });
  });
};

export const untilComplete = (): Promise<void> =>
  untilStatus((status) => status.complete && !status.downloading && status.pending === 0);

/** Bytes on the wire so far. */
export const wireBytes = async (): Promise<{ readonly up: number; readonly down: number }> => {
  const usage = await openedDevice().db.usage('2000-01-01');
  const sum = (direction: 'up' | 'down'): number =>
    usage.filter((entry) => entry.direction === direction).reduce((bytes, entry) => bytes + entry.bytes, 0);
  return { up: sum('up'), down: sum('down') };
};
