import type { App } from '@satchel/schema';
import { type BrowserPlatformOptions, browserPlatform } from '../../src/browser.ts';
import { openSatchel, type Satchel, type SyncStatus, type Written } from '../../src/index.ts';
import app from './device-app.ts';
import { advanceTo } from './virtual-worker-time.ts';

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
  /** Where the worker's time stands, UTC milliseconds; without it, it runs. */
  readonly time?: number;
}

/** What the device held when its indicator said that all is synced. */
export interface Claim {
  /** In the device's time. */
  readonly at: number;
  readonly pending: number;
  readonly tick: number;
  /** Notes of this page whose write had resolved before the status was asked for. */
  readonly written: readonly string[];
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
  /** Tells `claims` what the device holds whenever it is told that all is synced. */
  claimOn(): void;
  /** What the device holds, if its indicator says now that all is synced. */
  claim(): Promise<Claim | null>;
  /** Lets the worker's time pass, up to a moment. */
  advance(to: number): Promise<void>;
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

/** Notes of this page whose promise has resolved. */
const resolved = new Set<string>();
/** The worker's time, where it stands. */
let time = 0;

/** What is read after the status may be newer than what it says, never older. */
const tickNow = async (): Promise<number> =>
  Number((await db().get("select total from counters where id = 'tick'"))?.total ?? 0);

const device: Device = {
  statuses: [],
  db,
  async open(options) {
    const startedAt = performance.now();
    token = options.token;
    time = options.time ?? 0;
    const words = [options.refuse ?? '', ...(options.time === undefined ? [] : [`time=${options.time}`])];
    const satchel = await openSatchel({
      app: app as App,
      platform: browserPlatform({
        worker: () =>
          new Worker(new URL('./device.worker.ts', import.meta.url), {
            type: 'module',
            name: words.join(' '),
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
  async note(key, body = key) {
    const written = await db().write([
      { sql: 'insert into notes (id, body) values (?, ?)', parameters: [key, body] },
      { sql: "update counters set total = total + 1 where id = 'notes'" },
    ]);
    resolved.add(key);
    return written;
  },
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
  claimOn() {
    const { claims } = globalThis as unknown as { claims(claim: Claim): Promise<void> };
    db().onStatus(({ pending, phase }) => {
      if (phase !== 'synced') return;
      const at = time;
      tickNow()
        .then((tick) => claims({ at, pending, tick, written: [] }))
        .catch(() => undefined);
    });
  },
  async claim() {
    const at = time;
    const written = [...resolved];
    const { pending, phase } = await db().status();
    return phase === 'synced' ? { at, pending, tick: await tickNow(), written } : null;
  },
  async advance(to) {
    time = to;
    await advanceTo(to);
  },
  databases: () => db().databases(),
};

Object.assign(globalThis, { device });
