import type { Chromium } from '@satchel/testing/chromium';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually, openWorld, type Tab, type World } from './device-world.ts';

let world: World;
let browser: Chromium;
beforeAll(async () => {
  world = await openWorld();
});
afterEach(async () => {
  world.proxy.setDown(false);
  await browser.kill();
});
afterAll(() => world.end());

/** Writes three notes that cannot go. */
const unsent = async (tab: Tab, prefix: string): Promise<void> => {
  world.proxy.setDown(true);
  await tab.ask('writeMany', prefix, 3);
  expect(await tab.ask('pending')).toBe(3);
};
const arrived = async (prefix: string): Promise<number> =>
  (await world.serverNotes()).filter((key) => key.startsWith(prefix)).length;

const administer = async (path: string, body: object): Promise<void> => {
  const token = await world.tokenOf('root', { roles: ['admin', 'administrator'] });
  const answer = await fetch(`${world.proxy.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
};

describe('who is signed in', () => {
  it('[BROWSER-30] a token that expires drops nothing: what waits goes with the next one', async () => {
    browser = await world.launch();
    const tab = await world.tab(browser, { user: 'ana' });
    await tab.ask('now');
    await unsent(tab, 'expired');
    await tab.ask('setToken', await world.tokenOf('ana', { lifetime: -60 }));
    world.proxy.setDown(false);
    await tab.ask('now');
    await eventually(async () => (await tab.ask('status')).phase === 'needs-auth');
    expect((await tab.ask('status')).needsAuth).toBe('auth_expired');
    expect([await tab.ask('pending'), await arrived('expired')]).toEqual([3, 0]);
    await tab.ask('setToken', await world.tokenOf('ana'));
    await eventually(async () => (await tab.ask('pending')) === 0);
    expect(await arrived('expired')).toBe(3);
  });

  for (const action of ['lock', 'wipe'])
    it(`[BROWSER-31] a revoked client (${action}) keeps its unsent work until it is let in again`, async () => {
      browser = await world.launch();
      const tab = await world.tab(browser, { user: 'cem' });
      await tab.ask('note', `before-${action}`);
      await tab.ask('now');
      await unsent(tab, action);
      world.proxy.setDown(false);
      await administer(`/v1/clients/${tab.clientId}/revoke`, { action });
      await tab.ask('now');
      await eventually(async () => (await tab.ask('status')).locked);
      expect([await tab.ask('pending'), await arrived(action)]).toEqual([3, 0]);
      if (action === 'wipe')
        await eventually(async () => !(await tab.ask('noteKeys')).includes(`before-${action}`));
      else expect(await tab.ask('noteKeys')).toContain(`before-${action}`);
      await administer(`/v1/clients/${tab.clientId}/restore`, {});
      await tab.ask('now');
      await eventually(
        async () => (await tab.ask('pending')) === 0,
        30_000,
        () => tab.ask('status'),
      );
      expect(await arrived(action)).toBe(3);
      await eventually(async () => (await tab.ask('noteKeys')).includes(`before-${action}`));
    });

  it("[BROWSER-32] another user on the same device: each has a database, and the first one's work waits", async () => {
    browser = await world.launch();
    const ana = await world.tab(browser, { user: 'dora' });
    await ana.ask('now');
    await unsent(ana, 'switch');
    await ana.ask('close');
    const ben = await world.tab(browser, { user: 'ben' });
    expect([await ben.ask('pending'), await ben.ask('noteKeys')]).toEqual([0, []]);
    await ben.ask('note', 'of-ben');
    await ben.ask('close');
    const again = await world.tab(browser, { user: 'dora' });
    expect(again.clientId).toBe(ana.clientId);
    expect(await again.ask('pending')).toBe(3);
    expect(await again.ask('noteKeys')).not.toContain('of-ben');
    world.proxy.setDown(false);
    await again.ask('now');
    await eventually(async () => (await again.ask('pending')) === 0);
    expect(await arrived('switch')).toBe(3);
  });
});
