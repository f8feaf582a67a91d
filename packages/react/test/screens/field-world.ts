import { fileURLToPath } from 'node:url';
import type { NetworkState } from '@satchel/client';
import type { Conflict } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import { createServer, type Log, signToken, systemClock } from '@satchel/server';
import { buildPage, type Chromium, launchChromium, servePage } from '@satchel/testing/chromium';
import { type FaultyProxy, startFaultyProxy } from '@satchel/testing/faulty-proxy';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { seededRandom } from '@satchel/testing/random';
import react from '@vitejs/plugin-react';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import app from './field-app.ts';
import type { Field, OpenField } from './page.tsx';
import type { ScreenName } from './screens.tsx';

const SECRET = 'a secret of the tests on screen, long enough';
const ONLINE: NetworkState = { online: true, kind: 'wifi' };

/** A browser with the app open in it, as one person on one device. */
export interface FieldTab {
  readonly page: Page;
  readonly clientId: string;
  ask<K extends keyof Field>(
    method: K,
    ...args: Parameters<Field[K]>
  ): Promise<Awaited<ReturnType<Field[K]>>>;
  offline(): Promise<void>;
  online(kind?: NetworkState['kind']): Promise<void>;
  show(screen: ScreenName): Promise<void>;
}

export interface FieldWorld {
  readonly database: TestDatabase;
  readonly proxy: FaultyProxy;
  readonly errors: readonly string[];
  /** A browser of its own for each device: another profile, another cookie jar, another database. */
  device(user: string, name: string, roles?: readonly string[]): Promise<FieldTab>;
  /** Opens the database anew in a page that was loaded anew. */
  reopen(tab: FieldTab): Promise<FieldTab>;
  tokenOf(
    user: string,
    options?: { readonly roles?: readonly string[]; readonly lifetime?: number },
  ): Promise<string>;
  /** The row of a plot as PostgreSQL has it. */
  plot(key: string): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** Conflicts as the server tells an administrator. */
  asAdministrator(path: string): Promise<readonly Conflict[]>;
  end(): Promise<void>;
}

export const openField = async (): Promise<FieldWorld> => {
  const database = await testDatabase();
  const errors: string[] = [];
  const built = await buildPage({
    entry: fileURLToPath(new URL('./page.tsx', import.meta.url)),
    plugins: [react()],
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
  const proxy = await startFaultyProxy({ targetPort: server.port, random: seededRandom(1) });
  const browsers: Chromium[] = [];
  const tokenOf: FieldWorld['tokenOf'] = (userId, { roles = ['farmer'], lifetime = 3_600 } = {}) =>
    signToken(SECRET, { userId, roles, claims: {}, lifetime }, systemClock);

  interface Opened {
    readonly user: string;
    readonly device: string;
    readonly roles: readonly string[];
  }
  const opened = new Map<Page, Opened>();
  const openIn = async (page: Page, { device, roles, user }: Opened): Promise<FieldTab> => {
    const ask: FieldTab['ask'] = (method, ...args) =>
      page.evaluate(
        ([name, given]) => {
          const { field } = globalThis as unknown as {
            field: Record<string, (...args: unknown[]) => unknown>;
          };
          return field[name as string]?.(...(given as unknown[]));
        },
        [method, args] as const,
      ) as never;
    const open: OpenField = { server: proxy.url, user, device, token: await tokenOf(user, { roles }) };
    const clientId = await ask('open', open);
    opened.set(page, { user, device, roles });
    return {
      page,
      clientId,
      ask,
      offline: () => ask('network', { online: false, kind: 'unknown' }),
      online: (kind = 'wifi') => ask('network', { ...ONLINE, kind }),
      show: (screen) => ask('show', screen),
    };
  };

  return {
    database,
    proxy,
    errors,
    tokenOf,
    async device(user, name, roles = ['farmer']) {
      const browser = await launchChromium();
      browsers.push(browser);
      return openIn(await browser.open(served.url), { user, device: name, roles });
    },
    async reopen({ page }) {
      const known = opened.get(page);
      if (!known) throw new Error('no such tab');
      return openIn(page, known);
    },
    async plot(key) {
      const { rows } = await database.db.query<Record<string, unknown>>(
        `select crop, acreage::text as acreage, planted_on::text as "plantedOn", watered, pests, note
           from plots where id::text = $1`,
        [key],
      );
      return rows[0];
    },
    async asAdministrator(path) {
      const answer = await fetch(`${proxy.url}${path}`, {
        headers: { authorization: `Bearer ${await tokenOf('root', { roles: ['admin'] })}` },
      });
      expect(answer.status).toBe(200);
      return ((await answer.json()) as { readonly conflicts: readonly Conflict[] }).conflicts;
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

/** Waits until both say the same; fails with what was said last. */
export const eventuallyEqual = async (
  ask: () => Promise<unknown>,
  expected: unknown,
  ms = 20_000,
): Promise<void> => {
  const until = performance.now() + ms;
  for (;;) {
    const said = await ask();
    try {
      expect(said).toEqual(expected);
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
};
