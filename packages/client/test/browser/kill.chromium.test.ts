import { seededRandom } from '@satchel/testing/random';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, openWorld, times, type World } from './device-world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.end());

const KILLS = times(6, 50);

describe('a browser that is killed while it writes', () => {
  it(`[BROWSER-10] what was told to be written is there after each of ${KILLS} kills, and arrives once`, async () => {
    const random = seededRandom(20);
    /** Keys whose promise had resolved, kept outside the browser. */
    const told = new Set<string>();
    let profile: string | undefined;
    for (let kill = 0; kill < KILLS; kill++) {
      // Some of the kills come while the server is there, and writes are on their way to it.
      world.proxy.setDown(kill % 3 !== 0);
      const browser = await world.launch(profile);
      profile = browser.profile;
      await browser.context.exposeFunction('told', (key: string) => {
        told.add(key);
      });
      const tab = await world.tab(browser);
      const kept = new Set(await tab.ask('noteKeys'));
      expect([...told].filter((key) => !kept.has(key))).toEqual([]);
      if (kill === 0) await tab.ask('now');
      const before = told.size;
      await tab.ask('writeOn', `run${kill}`);
      await eventually(async () => told.size > before + 3);
      await new Promise((done) => setTimeout(done, random.next() * 400));
      await browser.kill();
    }

    world.proxy.setDown(false);
    const browser = await world.launch(profile);
    const tab = await world.tab(browser);
    await tab.ask('now');
    await eventually(
      async () => (await tab.ask('pending')) === 0,
      30_000,
      () => tab.ask('status'),
    );
    const kept = await tab.ask('noteKeys');
    expect([...told].filter((key) => !kept.includes(key))).toEqual([]);
    expect(await world.serverNotes()).toEqual(kept);
    expect(await world.serverCount()).toBe(kept.length);
    expect(world.errors).toEqual([]);
  }, 600_000);
});
