import { type Chromium, heldBy, rendererOf, residentOf } from '@satchel/testing/chromium';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from './device.page.ts';
import { eventually, openWorld, type Tab, times, type World } from './device-world.ts';

const ROWS = times(20_000, 100_000);
/** What the page's process may have for itself, whatever the rows. */
const MEMORY_BYTES = 150 * 1_024 * 1_024;

let world: World;
let browser: Chromium;
beforeAll(async () => {
  world = await openWorld();
  await addItems(0, ROWS);
});
afterEach(() => browser.kill());
afterAll(() => world.end());

const addItems = (from: number, to: number) =>
  world.database.db.query(
    `insert into items (id, name, amount, note)
     select 'item-' || n, 'Item number ' || n, n % 1000, repeat(md5(n::text), 7)
     from generate_series($1::int + 1, $2::int) n`,
    [from, to],
  );

const open = async (user: string): Promise<Tab> =>
  world.tab(browser, { user, token: await world.tokenOf(user, { items: true }) });

const itemCount = async (tab: Tab): Promise<number> =>
  Number((await tab.ask('rows', 'select count(*) as n from items'))[0]?.n);

const isComplete = async (tab: Tab): Promise<boolean> => (await tab.ask('status')).phase === 'synced';

/** Clicks that got a frame, of those made so far, and the longest task of the page's thread. */
interface Felt {
  readonly clicks: number;
  readonly frames: number;
  readonly longest: number;
}

const feel = (tab: Tab): Promise<void> =>
  tab.page.evaluate(() => {
    const felt = { clicks: 0, frames: 0, longest: 0 };
    Object.assign(globalThis, { felt });
    document.addEventListener('click', () => {
      felt.clicks += 1;
      requestAnimationFrame(() => {
        felt.frames += 1;
      });
    });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) felt.longest = Math.max(felt.longest, duration);
    }).observe({ type: 'longtask' });
  });
const felt = (tab: Tab): Promise<Felt> =>
  tab.page.evaluate(() => (globalThis as unknown as { felt: Felt }).felt);

describe(`the first sync of ${ROWS} rows`, () => {
  it('[BROWSER-40] twenty inputs get their frames while it runs, and its progress is true', async () => {
    browser = await world.launch();
    const page = await browser.open(world.pageUrl);
    const tab = { page } as Tab;
    await feel(tab);
    const token = await world.tokenOf('inputs', { items: true });
    const opening = page.evaluate(
      ([server, given]) =>
        (globalThis as unknown as { device: Device }).device
          .open({ server: server!, user: 'inputs', token: given! })
          .then(() => undefined),
      [world.proxy.url, token],
    );
    for (let input = 0; input < 20; input++) await page.mouse.click(10 + input, 10);
    await opening;
    const { clicks, frames } = await felt(tab);
    const answered = await page.evaluate(async () => {
      const { device } = globalThis as unknown as { device: Device };
      return { status: await device.status(), rows: await device.rows('select count(*) as n from items') };
    });
    expect([clicks, frames]).toEqual([20, 20]);
    // All of it happened before the end: nothing waited for the load.
    expect(answered.status.complete).toBe(false);
    await page.waitForFunction(() =>
      (globalThis as unknown as { device: Device }).device.statuses.some(({ phase }) => phase === 'synced'),
    );
    const progress = await page.evaluate(() =>
      (globalThis as unknown as { device: Device }).device.statuses
        .filter(({ downloading }) => downloading)
        .map((status) => status.progress),
    );
    const taken = progress.map(({ rowsTaken }) => rowsTaken);
    expect(taken).toEqual([...taken].sort((a, b) => a - b));
    expect(new Set(taken).size).toBeGreaterThan(2);
    for (const { rowsTaken, rowsRemaining } of progress)
      if (rowsRemaining !== null) expect(rowsTaken + rowsRemaining).toBeLessThanOrEqual(ROWS + 1);
    process.stdout.write(
      `longest task of the page's thread in a first sync: ${(await felt(tab)).longest} ms\n`,
    );
  });

  it('[BROWSER-41] goes on after a reload at any point, and copies nothing twice', async () => {
    browser = await world.launch();
    let tab = await open('reload');
    for (const share of [0.2, 0.4, 0.6, 0.8]) {
      await eventually(async () => (await itemCount(tab)) >= ROWS * share, 60_000);
      const before = await itemCount(tab);
      await tab.page.close();
      tab = await open('reload');
      expect(await itemCount(tab)).toBeGreaterThanOrEqual(before);
    }
    await eventually(() => isComplete(tab), 120_000);
    expect(await itemCount(tab)).toBe(ROWS);
    // A page that was on its way at each reload may have come twice; no more.
    const runs = await tab.page.evaluate(() =>
      (globalThis as unknown as { device: Device }).device.db().history(100),
    );
    expect(runs.reduce((sum, { rowsDown }) => sum + rowsDown, 0)).toBeLessThanOrEqual(ROWS + 10);
  }, 240_000);

  it('[BROWSER-42] holds no more at the end than when a fifth was there, and stays within a small phone', async () => {
    browser = await world.launch();
    const tab = await open('memory');
    const { pid } = await rendererOf(browser, tab.page);
    await eventually(async () => (await itemCount(tab)) >= ROWS / 5, 60_000);
    const early = { held: await heldBy(tab.page), resident: residentOf(pid) };
    await eventually(() => isComplete(tab), 120_000);
    const peak = residentOf(pid);
    const late = { held: await heldBy(tab.page), resident: residentOf(pid) };
    process.stdout.write(
      `memory at a fifth: ${JSON.stringify(early)}, at the end: ${JSON.stringify(late)}, before the collection: ${peak}\n`,
    );
    expect(late.held).toBeLessThan(1.2 * early.held);
    expect(Math.max(peak, early.resident, late.resident)).toBeLessThan(MEMORY_BYTES);
  }, 240_000);
});
