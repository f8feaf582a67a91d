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

/** What the device held when its indicator said that all is synced. */
export interface Claim {
  readonly at: number;
  readonly pending: number;
  readonly tick: number;
  /** Notes of this page whose write had resolved. */
  readonly written: readonly string[];
  readonly notes: readonly string[];
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
  /** Tells `claims` what the device holds whenever its indicator says that all is synced. */
  claimOn(): void;
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

/** A write that resolved so long before the indicator spoke is in what it says. */
const TOLD_WITHIN = 250;
/** Notes of this page by the moment in which their promise resolved. */
const resolved = new Map<string, number>();

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
  async note(key, body = key) {
    const written = await db().write([
      { sql: 'insert into notes (id, body) values (?, ?)', parameters: [key, body] },
      { sql: "update counters set total = total + 1 where id = 'notes'" },
    ]);
    resolved.set(key, Date.now());
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
    const read = `select (select total from counters where id = 'tick') as tick,
      (select json_group_array(id) from notes) as notes`;
    db().onStatus((status) => {
      if (status.phase !== 'synced') return;
      const at = Date.now();
      const { pending } = status;
      // What is read a moment later may be newer than what was said, never older.
      db()
        .get(read)
        .then((row) => {
          const notes = JSON.parse(String(row?.notes)) as string[];
          return claims({ at, pending, tick: Number(row?.tick ?? 0), written: [...written], notes });
        })
        .catch(() => undefined);
      const written = [...resolved].filter(([, when]) => when < at - TOLD_WITHIN).map(([key]) => key);
    });
  },
  databases: () => db().databases(),
};

Object.assign(globalThis, { device });
