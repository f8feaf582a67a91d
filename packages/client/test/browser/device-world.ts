import { fileURLToPath } from 'node:url';
import type { App } from '@satchel/schema';
import { createServer, type Log, signToken, systemClock } from '@satchel/server';
import { buildPage, type Chromium, launchChromium, servePage } from '@satchel/testing/chromium';
import { type FaultyProxy, startFaultyProxy } from '@satchel/testing/faulty-proxy';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { seededRandom } from '@satchel/testing/random';
import type { Page } from 'playwright-core';
import type { Device, OpenDevice } from './device.page.ts';
import app from './device-app.ts';

const SECRET = 'a secret of the tests in Chromium, long enough';

/** A page of the test app, a server on PostgreSQL behind a road that can be cut, and browsers. */
export interface World {
  readonly database: TestDatabase;
  readonly proxy: FaultyProxy;
  /** Where the page is served. */
  readonly pageUrl: string;
  /** What the server logged as an error. */
  readonly errors: readonly string[];
  /** Seconds of life: default an hour. */
  tokenOf(
    userId: string,
    options?: { readonly items?: boolean; readonly roles?: readonly string[]; readonly lifetime?: number },
  ): Promise<string>;
  launch(profile?: string, ...args: string[]): Promise<Chromium>;
  /** Opens a tab with the database of a user in it. */
  tab(browser: Chromium, options?: Partial<OpenDevice>): Promise<Tab>;
  /** Ids of the notes that the server has. */
  serverNotes(): Promise<string[]>;
  /** How often a note was counted on the server: more often than there are notes, if a write took effect twice. */
  serverCount(): Promise<number>;
  end(): Promise<void>;
}

export interface Tab {
  readonly page: Page;
  readonly openedIn: number;
  readonly clientId: string;
  /** Runs a function of the page's device. */
  ask<K extends keyof Device>(
    method: K,
    ...args: Device[K] extends (...args: infer A) => unknown ? A : never
  ): Promise<Device[K] extends (...args: never[]) => infer R ? Awaited<R> : never>;
}

export const openWorld = async (): Promise<World> => {
  const database = await testDatabase();
  const errors: string[] = [];
  const built = await buildPage({
    entry: fileURLToPath(new URL('./device.page.ts', import.meta.url)),
    minify: false,
  });
  const served = await servePage(built.directory);
  const log: Log = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (fields, message) => {
      errors.push(`${message} ${JSON.stringify(fields)}`);
    },
  };
  const server = await createServer({
    app: app as App,
    database: database.url,
    auth: { keys: { kind: 'secret', secret: SECRET } },
    port: 0,
    corsOrigins: [served.origin],
    limits: { requestsPerMinute: 1_000_000 },
    log,
  });
  await database.db.query("insert into counters (id, total) values ('notes', 0)");
  const proxy = await startFaultyProxy({ targetPort: server.port, random: seededRandom(1) });
  const browsers: Chromium[] = [];
  const tokenOf: World['tokenOf'] = (userId, { items = false, roles = [], lifetime = 3_600 } = {}) =>
    signToken(SECRET, { userId, roles, claims: { items }, lifetime }, systemClock);
  return {
    database,
    proxy,
    pageUrl: served.url,
    errors,
    tokenOf,
    async launch(profile, ...args) {
      const browser = await launchChromium({ ...(profile ? { profile } : {}), arguments: args });
      browsers.push(browser);
      return browser;
    },
    async tab(browser, options = {}) {
      const page = await browser.open(served.url);
      const user = options.user ?? 'ana';
      const opened = await page.evaluate(
        (given) => (globalThis as unknown as { device: Device }).device.open(given),
        { server: proxy.url, user, token: await tokenOf(user), ...options },
      );
      return {
        page,
        ...opened,
        ask: (method, ...args) =>
          page.evaluate(
            ([name, given]) => {
              const { device } = globalThis as unknown as {
                device: Record<string, (...args: unknown[]) => unknown>;
              };
              return device[name as string]?.(...(given as unknown[]));
            },
            [method, args] as const,
          ) as never,
      };
    },
    serverNotes: async () =>
      (await database.db.query<{ id: string }>('select id::text as id from notes order by id')).rows.map(
        ({ id }) => id,
      ),
    serverCount: async () => {
      const { rows } = await database.db.query<{ total: string }>(
        "select total::text as total from counters where id::text = 'notes'",
      );
      return Number(rows[0]?.total);
    },
    async end() {
      for (const browser of browsers) {
        await browser.kill();
        browser.forget();
      }
      await proxy.close();
      await server.stop(1_000);
      await served.close();
      built.remove();
      await database.drop();
    },
  };
};

/** Waits until a question is answered with yes; fails with what it last saw. */
export const eventually = async (
  holds: () => Promise<boolean>,
  ms = 30_000,
  told: () => Promise<unknown> = async () => 'it did not come true',
): Promise<void> => {
  const until = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(JSON.stringify(await told()));
    await new Promise((done) => setTimeout(done, 50));
  }
};

/** Runs of a test: fewer in the everyday run, the number in the long one. */
export const times = (everyday: number, long: number): number =>
  process.env.SATCHEL_LONG !== undefined ? long : everyday;
