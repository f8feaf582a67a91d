import { randomBytes } from 'node:crypto';
import type { Chromium } from '@satchel/testing/chromium';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OpenDevice } from './device.page.ts';
import { eventually, openWorld, type Tab, type World } from './device-world.ts';

let world: World;
let browser: Chromium;
beforeAll(async () => {
  world = await openWorld();
});
afterEach(() => browser.kill());
afterAll(() => world.end());

const NUMBER = expect.any(Number);

const allowed = async (name: string, setting: 'granted' | 'denied'): Promise<void> => {
  const session = await browser.context.browser()?.newBrowserCDPSession();
  await session?.send('Browser.setPermission', { permission: { name }, setting, origin: world.pageUrl });
};
const quota = async (tab: Tab, bytes: number): Promise<void> => {
  const session = await browser.context.newCDPSession(tab.page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: world.pageUrl, quotaSize: bytes });
};
const launched = async (persist: 'granted' | 'denied', options: Partial<OpenDevice> = {}): Promise<Tab> => {
  browser = await world.launch();
  await allowed('persistent-storage', persist);
  return world.tab(browser, options);
};
const storageOf = async (tab: Tab) => (await tab.ask('status')).storage;

describe('storages that a browser gives and refuses', () => {
  it('[BROWSER-01] the private file system, kept for good', async () => {
    const tab = await launched('granted');
    expect(await storageOf(tab)).toEqual({
      kind: 'opfs',
      durability: 'full',
      keeping: 'persistent',
      why: [],
      usedBytes: NUMBER,
      quotaBytes: NUMBER,
      limitBytes: null,
    });
  });

  it('[BROWSER-02] where persistence is refused it says best-effort, and why', async () => {
    const tab = await launched('denied');
    expect(await storageOf(tab)).toEqual({
      kind: 'opfs',
      durability: 'full',
      keeping: 'best-effort',
      why: ['persistence-refused'],
      usedBytes: NUMBER,
      quotaBytes: NUMBER,
      limitBytes: null,
    });
  });

  for (const refuse of ['no-opfs', 'silent-opfs'])
    it(`[BROWSER-03] ${refuse}: memory mirrored to IndexedDB, and a told write is there after a kill`, async () => {
      const user = `mirror-${refuse}`;
      const tab = await launched('granted', { refuse, user });
      expect(await storageOf(tab)).toEqual({
        kind: 'indexeddb',
        durability: 'mirrored',
        keeping: 'persistent',
        why: ['opfs-refused'],
        usedBytes: NUMBER,
        quotaBytes: NUMBER,
        limitBytes: 64 * 1_024 * 1_024,
      });
      world.proxy.setDown(true);
      await tab.ask('writeMany', refuse, 5);
      const { profile } = browser;
      await browser.kill();
      browser = await world.launch(profile);
      const again = await world.tab(browser, { refuse, user });
      expect((await again.ask('noteKeys')).filter((key) => key.startsWith(refuse))).toHaveLength(5);
      world.proxy.setDown(false);
      await again.ask('now');
      await eventually(async () => (await again.ask('pending')) === 0);
      expect((await world.serverNotes()).filter((key) => key.startsWith(refuse))).toHaveLength(5);
    });

  it('[BROWSER-04] where both are refused: memory, said so', async () => {
    const tab = await launched('granted', { refuse: 'no-opfs no-indexeddb' });
    expect(await storageOf(tab)).toEqual({
      kind: 'memory',
      durability: 'memory',
      keeping: 'best-effort',
      why: ['opfs-refused', 'indexeddb-refused'],
      usedBytes: NUMBER,
      quotaBytes: NUMBER,
      limitBytes: null,
    });
    await tab.ask('note', 'in-memory');
    expect(await tab.ask('noteKeys')).toContain('in-memory');
  });

  it('[BROWSER-05] a small quota, and one that is nearly full, are told before anything is at risk', async () => {
    const tab = await launched('granted', { refuse: 'small-quota' });
    expect(await storageOf(tab)).toEqual({
      kind: 'opfs',
      durability: 'full',
      keeping: 'best-effort',
      why: ['quota-small', 'room-short'],
      usedBytes: 19_000_000,
      quotaBytes: 20_000_000,
      limitBytes: null,
    });
  });

  for (const refuse of ['', 'no-opfs'])
    it(`[BROWSER-06] a full quota fails the write and nothing else ${refuse}`, async () => {
      const user = `full-${refuse}`;
      const tab = await launched('granted', { user, refuse });
      await tab.ask('note', `before-full-${refuse}`);
      await quota(tab, 20 * 1_024 * 1_024);
      const text = (): string => randomBytes(250_000).toString('hex');
      let refusal = 'it was never full';
      let kept = 0;
      for (; kept < 200 && refusal === 'it was never full'; kept++)
        await tab.ask('note', `fill-${refuse}-${kept}`, text()).catch((error: unknown) => {
          refusal = String(error);
          kept -= 1;
        });
      expect(refusal).toContain('no room left');
      await tab.page.close();
      const again = await world.tab(browser, { user, refuse });
      const keys = await again.ask('noteKeys');
      expect(keys).toContain(`before-full-${refuse}`);
      expect(keys.filter((key) => key.startsWith(`fill-${refuse}-`))).toHaveLength(kept);
      // There is room again: the database goes on.
      await quota(again, 1_000 * 1_024 * 1_024);
      await again.ask('note', `after-full-${refuse}`);
    });

  it('[BROWSER-07] a mirrored database ends at its limit, and opens there again', async () => {
    const tab = await launched('granted', { user: 'limit', refuse: 'no-opfs', start: false });
    const text = 'x'.repeat(900_000);
    let kept = 0;
    const full = async (): Promise<string> => {
      for (; kept < 200; kept++) {
        try {
          await tab.ask('note', `limit-${kept}`, text);
        } catch (error) {
          return String(error);
        }
      }
      return 'it has no limit';
    };
    expect(await full()).toContain('no room left');
    await tab.page.close();
    const again = await world.tab(browser, { user: 'limit', refuse: 'no-opfs', start: false });
    expect((await again.ask('noteKeys')).length).toBe(kept);
    expect(kept).toBeGreaterThan(20);
  });
});
