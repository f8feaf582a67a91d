import { type Chromium, rendererOf } from '@satchel/testing/chromium';
import { seededRandom } from '@satchel/testing/random';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Claim } from './device.page.ts';
import { eventually, openWorld, type Tab, times, type World } from './device-world.ts';

const STEPS = times(40, 500);
/** Seconds of the device's time between scheduled runs; a dead road shows at the next one at the latest. */
const SCHEDULE = 1;
/** Time passes in pieces: between two of them everything that is on its way arrives. */
const PIECE_MS = 250;
/** The device is as the server stood at some moment within this before its indicator spoke: a schedule, and the pieces around it. */
const HEARTBEAT_MS = SCHEDULE * 1_000 + 2 * PIECE_MS;

let world: World;
let browser: Chromium;
beforeAll(async () => {
  world = await openWorld();
  await world.database.db.query("insert into counters (id, total) values ('tick', 0)");
});
afterAll(() => world.end());

describe('an indicator that says synced', () => {
  it(`[BROWSER-24] is right through ${STEPS} steps of offline, online, writes and kills, in virtual time`, async () => {
    const random = seededRandom(24);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!;
    /** When each tick was committed, in the device's time: it stands still meanwhile. */
    const ticks: { readonly tick: number; readonly at: number }[] = [];
    const lies: string[] = [];
    let now = Date.now();
    let claims = 0;
    let tab: Tab;

    const check = async (claim: Claim): Promise<void> => {
      claims += 1;
      if (claim.pending !== 0) lies.push(`${claim.pending} were waiting`);
      const due = ticks.filter(({ at }) => at < claim.at - HEARTBEAT_MS).at(-1)?.tick ?? 0;
      if (claim.tick < due) lies.push(`tick ${claim.tick} was shown, ${due} was long there`);
      const there = new Set(await world.serverNotes());
      const missing = claim.written.filter((key) => !there.has(key));
      if (missing.length > 0) lies.push(`${missing.join()} had not arrived`);
    };
    const ask = async (): Promise<void> => {
      const claim = await tab.ask('claim');
      if (claim !== null) await check(claim);
    };
    const open = async (): Promise<void> => {
      tab = await world.tab(browser, { schedule: SCHEDULE, time: now });
      await tab.ask('claimOn');
    };
    const pass = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= PIECE_MS) {
        now += PIECE_MS;
        await tab.ask('advance', now);
        // The indicator is asked while things are on their way, and when they have arrived.
        await ask();
        await eventually(async () => {
          const { downloading, uploading } = await tab.ask('status');
          return !downloading && !uploading;
        });
        await ask();
      }
    };

    browser = await world.launch();
    await browser.context.exposeFunction('claims', check);
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
          ticks.push({ tick: Number(rows[0]?.total), at: now });
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
      await ask();
      // Now and then the road is dead for longer than the heartbeat.
      if (step % 20 === 19) world.proxy.setDown(true);
      await pass(step % 20 === 19 ? 2 * HEARTBEAT_MS : random.next() * 1_500);
    }
    world.proxy.setDown(false);
    await eventually(async () => {
      await pass(1_000);
      return (await tab!.ask('status')).phase === 'synced';
    });
    expect(lies).toEqual([]);
    // It did say so, and more than once.
    expect(claims).toBeGreaterThan(STEPS / 4);
    expect(await world.serverNotes()).toEqual(await tab!.ask('noteKeys'));
    expect(await world.serverCount()).toBe((await tab!.ask('noteKeys')).length);
    expect(world.errors).toEqual([]);
  }, 1_200_000);
});
