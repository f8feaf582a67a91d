import type { App } from '@satchel/schema';
import { type BrowserPlatformOptions, browserPlatform } from '../../src/browser.ts';
import { openSatchel, type Satchel, type SyncStatus, type Written } from '../../src/index.ts';
import app from './device-app.ts';

export interface OpenDevice {
  readonly server: string;
  readonly user: string;
  readonly token: string | null;
  readonly start?: boolean;
  readonly storages?: BrowserPlatformOptions['storages'];
  /** What the browser refuses the worker: `no-opfs`, `silent-opfs`, `no-indexeddb`. */
  readonly refuse?: string;
  /** Seconds between scheduled runs. */
  readonly schedule?: number;
}

export interface WrittenNote {
  readonly key: string;
  readonly saved: boolean;
  readonly ms: number;
}

/** What a test in Node reaches in the page. */
export interface Device {
  open(options: OpenDevice): Promise<{ readonly clientId: string; readonly openedIn: number }>;
  close(): Promise<void>;
  status(): Promise<SyncStatus>;
  /** Inserts a note and counts it, in one transaction; resolves when it is as durable as it will get. */
  note(key: string, body?: string): Promise<Written>;
  rows(sql: string): Promise<readonly Record<string, unknown>[]>;
  noteKeys(): Promise<string[]>;
  pending(): Promise<number>;
  now(): Promise<unknown>;
  setToken(token: string | null): Promise<void>;
  /** Writes note after note, and calls `told` with each key whose promise resolved. */
  writeOn(prefix: string): void;
  /** Writes notes one after the other; tells of each how long it took and whether it went to the journal. */
  writeMany(prefix: string, count: number): Promise<readonly WrittenNote[]>;
  databases(): Promise<readonly string[]>;
  /** Every status told since the page was opened. */
  readonly statuses: SyncStatus[];
  db(): Satchel;
}

let token: string | null = null;
let opened: Satchel | undefined;

const db = (): Satchel => {
  if (!opened) throw new Error('not open');
  return opened;
};

const device: Device = {
  statuses: [],
  db,
  async open(options) {
    const startedAt = performance.now();
    token = options.token;
    const satchel = await openSatchel({
      app: app as App,
      platform: browserPlatform({
        worker: () =>
          new Worker(new URL('./device.worker.ts', import.meta.url), {
            type: 'module',
            name: options.refuse ?? '',
          }),
        ...(options.storages ? { storages: options.storages } : {}),
      }),
      server: options.server,
      user: { id: options.user },
      token: () => token,
      start: options.start ?? true,
      ...(options.schedule === undefined ? {} : { sync: { schedule: { any: options.schedule } } }),
    });
    opened = satchel;
    satchel.onStatus((status) => {
      device.statuses.push(status);
    });
    return { clientId: satchel.clientId, openedIn: performance.now() - startedAt };
  },
  async close() {
    await db().close();
  },
  status: () => db().status(),
  note: (key, body = key) =>
    db().write([
      { sql: 'insert into notes (id, body) values (?, ?)', parameters: [key, body] },
      { sql: "update counters set total = total + 1 where id = 'notes'" },
    ]),
  rows: (sql) => db().all(sql),
  noteKeys: async () => (await db().all('select id from notes order by id')).map((row) => String(row.id)),
  pending: async () => (await db().status()).pending,
  now: () => db().sync.now(),
  async setToken(next) {
    token = next;
    await db().sync.renewed();
  },
  writeOn(prefix) {
    const { told } = globalThis as unknown as { told(key: string): Promise<void> };
    const writeNext = async (number: number): Promise<void> => {
      const key = `${prefix}-${String(number).padStart(5, '0')}`;
      await device.note(key);
      // Told to the test outside of the browser; the next write does not wait for it.
      void told(key);
      await writeNext(number + 1);
    };
    void writeNext(0);
  },
  async writeMany(prefix, count) {
    const written: WrittenNote[] = [];
    for (let number = 0; number < count; number++) {
      const key = `${prefix}-${String(number).padStart(4, '0')}`;
      const startedAt = performance.now();
      const { saved = false } = await device.note(key);
      written.push({ key, saved, ms: performance.now() - startedAt });
    }
    return written;
  },
  databases: () => db().databases(),
};

Object.assign(globalThis, { device });
