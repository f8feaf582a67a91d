import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientContract } from '@satchel/testing/client-contract';
import { driverContract } from '@satchel/testing/driver-contract';
import { settingsContract } from '@satchel/testing/settings-contract';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import {
  type ExpoSqlite,
  expoDrivers,
  expoNetwork,
  type Mmkv,
  mmkvSettings,
  netInfoNetwork,
  type OpSqlite,
  onForeground,
  opSqliteDrivers,
  reactNativePlatform,
} from '../../react-native.ts';
import type { NetworkState } from '../../sync/network.ts';
import { localSettings } from '../settings/small-settings.ts';

/** The modules as they are on a phone, over SQLite on this machine: same calls, same messages, no codes. */
const temporary = (): string => mkdtempSync(join(tmpdir(), 'satchel-native-'));

/** A native error has SQLite's message alone. */
const native = <T>(work: () => T): T => {
  try {
    return work();
  } catch (error) {
    throw new Error(error instanceof Error ? error.message : String(error));
  }
};

const expoIn = (folder: string): ExpoSqlite => ({
  openDatabaseSync: (name) => {
    const db = native(() => new Database(join(folder, name), { timeout: 0 }));
    return {
      execSync: (sql) => void native(() => db.exec(sql)),
      prepareSync: (sql) => {
        const statement = native(() => db.prepare(sql));
        return {
          executeSync: (parameters) =>
            native(() => {
              const rows = statement.reader ? statement.all(...parameters) : [];
              const { changes } = statement.reader ? { changes: 0 } : statement.run(...parameters);
              return { changes, getAllSync: () => rows, resetSync: () => undefined };
            }),
          finalizeSync: () => undefined,
        };
      },
      closeSync: () => void db.close(),
    };
  },
  deleteDatabaseSync: (name) => rmSync(join(folder, name), { force: true }),
});

const opSqliteIn = (folder: string): OpSqlite => ({
  open: ({ name }) => {
    const db = native(() => new Database(join(folder, name), { timeout: 0 }));
    return {
      executeSync: (sql, parameters = []) =>
        native(() => {
          const statement = db.prepare(sql);
          if (!statement.reader) return { rowsAffected: statement.run(...parameters).changes, rows: [] };
          const rows = statement.all(...parameters) as Record<string, unknown>[];
          return { rowsAffected: 0, rows };
        }),
      close: () => void db.close(),
      delete: () => {
        db.close();
        for (const suffix of ['', '-wal', '-shm']) rmSync(join(folder, name + suffix), { force: true });
      },
    };
  },
});

const mmkv = (): Mmkv => {
  const texts = new Map<string, string>();
  return {
    getString: (key) => texts.get(key),
    set: (key, value) => void texts.set(key, value),
    remove: (key) => texts.delete(key),
    getAllKeys: () => [...texts.keys()],
  };
};

const webStorage = () => {
  const texts = new Map<string, string>([['of-another', 'x']]);
  return {
    get length() {
      return texts.size;
    },
    key: (index: number) => [...texts.keys()][index] ?? null,
    getItem: (key: string) => texts.get(key) ?? null,
    setItem: (key: string, value: string) => void texts.set(key, value),
    removeItem: (key: string) => void texts.delete(key),
  };
};

settingsContract('MMKV', () => mmkvSettings(mmkv()));
settingsContract('localStorage', () => localSettings(webStorage()));

for (const [name, driversIn] of [
  ['expo-sqlite', (folder: string) => expoDrivers(expoIn(folder), mmkvSettings(mmkv()))],
  ['op-sqlite', (folder: string) => opSqliteDrivers(opSqliteIn(folder), mmkvSettings(mmkv()))],
] as const) {
  driverContract(name, () => {
    const folder = temporary();
    return { factory: driversIn(folder), clean: () => rmSync(folder, { recursive: true, force: true }) };
  });
  clientContract(name, () => {
    const folder = temporary();
    return {
      platform: reactNativePlatform({ drivers: driversIn(folder) }),
      clean: () => rmSync(folder, { recursive: true, force: true }),
    };
  });
}

describe('networks of phones', () => {
  const states: NetworkState[] = [];

  it('[DRV-20] netinfo: tells what changed, in our words', () => {
    let tell: (state: { type: string; isConnected: boolean | null }) => void = () => {};
    const network = netInfoNetwork({
      addEventListener: (heard) => {
        tell = heard;
        return () => {};
      },
    });
    expect(network.state()).toEqual({ online: true, kind: 'unknown' });
    const end = network.onChange((state) => states.push(state));
    tell({ type: 'wifi', isConnected: true });
    tell({ type: 'wifi', isConnected: true });
    tell({ type: 'none', isConnected: false });
    end();
    tell({ type: 'cellular', isConnected: null });
    expect(states).toEqual([
      { online: true, kind: 'wifi' },
      { online: false, kind: 'unknown' },
    ]);
    expect(network.state()).toEqual({ online: true, kind: 'cellular' });
  });

  it('[DRV-20] expo-network: the state of the start, then what changes', async () => {
    let tell: (state: { type?: string; isConnected?: boolean }) => void = () => {};
    const network = expoNetwork({
      getNetworkStateAsync: async () => ({ type: 'CELLULAR', isConnected: true }),
      addNetworkStateListener: (heard) => {
        tell = heard;
        return { remove: () => {} };
      },
    });
    await Promise.resolve();
    await Promise.resolve();
    expect(network.state()).toEqual({ online: true, kind: 'cellular' });
    tell({ type: 'NONE', isConnected: false });
    expect(network.state()).toEqual({ online: false, kind: 'unknown' });
  });

  it('[DRV-21] tells when the app comes to the foreground', () => {
    let tell: (state: string) => void = () => {};
    let calls = 0;
    const end = onForeground(
      {
        addEventListener: (_type, heard) => {
          tell = heard;
          return {
            remove: () => {
              tell = () => {};
            },
          };
        },
      },
      () => {
        calls += 1;
      },
    );
    tell('background');
    tell('active');
    end();
    tell('active');
    expect(calls).toBe(1);
  });
});
