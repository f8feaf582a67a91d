import { type Chromium, rendererOf } from '@satchel/testing/chromium';
import { seededRandom } from '@satchel/testing/random';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Claim } from './device.page.ts';
import { eventually, openWorld, type Tab, times, type World } from './device-world.ts';

const STEPS = times(40, 500);
/** Seconds between scheduled runs; a dead road shows at the next one at the latest. */
const SCHEDULE = 1;
/** The device is as the server stood at some moment within this before its indicator spoke. */
const HEARTBEAT_MS = 4_000;

let world: World;
let browser: Chromium;
beforeAll(async () => {
  world = await openWorld();
  await world.database.db.query("insert into counters (id, total) values ('tick', 0)");
});
afterAll(() => world.end());

describe('an indicator that says synced', () => {
  it(`[BROWSER-24] is right through ${STEPS} steps of offline, online, writes and kills`, async () => {
    const random = seededRandom(24);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!;
    /** When each tick was surely committed. */
    const ticks: { readonly tick: number; readonly at: number }[] = [];
    const lies: string[] = [];
    let claims = 0;
    let tab: Tab;

    browser = await world.launch();
    await browser.context.exposeFunction('claims', async (claim: Claim) => {
      claims += 1;
      if (claim.pending !== 0) lies.push(`${claim.pending} were waiting`);
      const due = ticks.filter(({ at }) => at < claim.at - HEARTBEAT_MS).at(-1)?.tick ?? 0;
      if (claim.tick < due) lies.push(`tick ${claim.tick} was shown, ${due} was long there`);
      const there = new Set(await world.serverNotes());
      const missing = claim.written.filter((key) => !there.has(key));
      if (missing.length > 0) lies.push(`${missing.join()} had not arrived`);
    });
    const open = async (): Promise<void> => {
      tab = await world.tab(browser, { schedule: SCHEDULE });
      await tab.ask('claimOn');
    };
    await open();
    // The row that counts is there before the first note is counted.
    await tab!.ask('now');
    let notes = 0;
    for (let step = 0; step < STEPS; step++) {
      const what = pick([
        'offline',
        'online',
        'online',
        'write',
        'write',
        'tick',
        'tick',
        'kill',
        'reload',
      ] as const);
      switch (what) {
        case 'offline':
          world.proxy.setDown(true);
          break;
        case 'online':
          world.proxy.setDown(false);
          break;
        case 'write':
          await tab!.ask('writeMany', `truth-${notes++}`, 1 + Math.floor(random.next() * 3));
          break;
        case 'tick': {
          const { rows } = await world.database.db.query<{ total: string }>(
            "update counters set total = total + 1 where id = 'tick' returning total::text as total",
          );
          ticks.push({ tick: Number(rows[0]?.total), at: Date.now() });
          break;
        }
        case 'kill':
          (await rendererOf(browser, tab!.page)).kill();
          await tab!.page.close();
          await open();
          break;
        case 'reload':
          await tab!.page.close();
          await open();
          break;
      }
      // Now and then the road is dead for longer than the heartbeat.
      const wait = step % 20 === 19 ? HEARTBEAT_MS + 2_000 : random.next() * 500;
      if (step % 20 === 19) world.proxy.setDown(true);
      await new Promise((done) => setTimeout(done, wait));
    }
    world.proxy.setDown(false);
    await tab!.ask('now');
    await eventually(async () => (await tab!.ask('status')).phase === 'synced');
    expect(lies).toEqual([]);
    // It did say so, and more than once.
    expect(claims).toBeGreaterThan(STEPS / 8);
    expect(await world.serverNotes()).toEqual(await tab!.ask('noteKeys'));
    expect(await world.serverCount()).toBe((await tab!.ask('noteKeys')).length);
    expect(world.errors).toEqual([]);
  }, 1_200_000);
});
