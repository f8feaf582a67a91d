import { fileURLToPath } from 'node:url';
import { createServer, type Log } from '@satchel/server';
import { buildPage, type Chromium, launchChromium, servePage } from '@satchel/testing/chromium';
import { benchApp } from '../bench-app.ts';
import type { Benchmark, Measured } from '../benchmark.ts';
import type { BenchPage } from '../browser/bench.page.ts';
import { median } from '../measure/statistics.ts';
import type { World } from '../world.ts';

const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const WRITES = 60;

type Opened = Awaited<ReturnType<Chromium['open']>>;

/** Calls a function of the page. */
const ask = <K extends keyof BenchPage>(
  page: Opened,
  method: K,
  ...args: Parameters<BenchPage[K]>
): Promise<Awaited<ReturnType<BenchPage[K]>>> =>
  page.evaluate(
    ([name, given]) => {
      const { bench } = globalThis as unknown as { bench: Record<string, (...args: unknown[]) => unknown> };
      return bench[name as string]?.(...(given as unknown[]));
    },
    [method, args] as const,
  ) as Promise<Awaited<ReturnType<BenchPage[K]>>>;

/** The client in Chromium, beside SQLite's WebAssembly build alone in the same browser. */
export const inBrowser: Benchmark = {
  name: 'in-browser',
  title: 'In Chromium, on the private file system',
  maxRounds: 5,
  lines: [
    {
      name: 'rate',
      what: 'first sync, rows into SQLite',
      unit: 'rows/s',
      limit: 'SQLite wasm alone, json_each',
      target: { of: 'ratio', atLeast: 2 / 3 },
    },
    {
      name: 'longest',
      what: "first sync, longest task of the page's thread",
      unit: 'ms',
      target: { of: 'figure', atMost: 100 },
    },
    { name: 'written', what: 'local write until it is durable, p50', unit: 'ms' },
    { name: 'shown', what: 'local write until a live query has told it, p50', unit: 'ms' },
    {
      name: 'cold',
      what: 'page opened, database with all rows open, first 50 read',
      unit: 'ms',
      target: { of: 'figure', atMost: 400 },
    },
    {
      name: 'takeover',
      what: 'leading tab closed, until another has written',
      unit: 'ms',
      target: { of: 'figure', atMost: 1_000 },
    },
  ],
  async open(world) {
    const stage = await world.stage(world.rows);
    const built = await buildPage({
      entry: fileURLToPath(new URL('../../src/browser/bench.page.ts', import.meta.url)),
    });
    let round = 0;
    return async () => {
      round += 1;
      const served = await servePage(built.directory);
      const server = await createServer({
        app: benchApp,
        database: stage.database,
        auth: { keys: { kind: 'secret', secret: world.secret } },
        port: 0,
        corsOrigins: [served.origin],
        log: SILENT,
      });
      const browser = await launchChromium();
      try {
        return await oneRound(world, browser, served.url, `http://127.0.0.1:${server.port}`, `user-${round}`);
      } finally {
        await browser.kill();
        browser.forget();
        await server.stop(1_000);
        await served.close();
      }
    };
  },
};

const oneRound = async (
  world: World,
  browser: Chromium,
  url: string,
  server: string,
  user: string,
): Promise<Measured> => {
  const { rows } = world;
  const token = await world.token(user);
  const bare = await ask(await browser.open(url), 'bare', rows);

  const page = await browser.open(url);
  await ask(page, 'open', server, user, token, false);
  const synced = await ask(page, 'firstSync');
  const count = await ask(page, 'count');
  if (count !== rows) throw new Error(`the device holds ${count} of ${rows} rows`);
  const longest = await ask(page, 'longestTask');
  const { written, shown } = await ask(page, 'writes', WRITES);
  await ask(page, 'close');
  await page.close();

  const cold = await browser.open(url);
  const openedIn = await ask(cold, 'open', server, user, token, true);

  const follower = await browser.open(url);
  await ask(follower, 'open', server, user, token, true);
  await ask(follower, 'write');
  await cold.close();
  const takeover = await ask(follower, 'write');
  return {
    figures: {
      rate: (rows * 1_000) / synced,
      longest,
      written: median(written),
      shown: median(shown),
      cold: openedIn,
      takeover,
    },
    limits: { rate: (rows * 1_000) / bare },
  };
};
