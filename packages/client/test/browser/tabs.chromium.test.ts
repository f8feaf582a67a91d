import { type Chromium, rendererOf } from '@satchel/testing/chromium';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually, openWorld, type Tab, times, type World } from './device-world.ts';

let world: World;
let browser: Chromium;
beforeAll(async () => {
  world = await openWorld();
});
afterEach(() => browser.kill());
afterAll(() => world.end());

const RUNS = times(2, 20);
/** Nothing may be unanswered after this, whatever happens to other tabs. */
const ANSWERED_WITHIN = 30_000;

const role = async (tab: Tab): Promise<string | undefined> => (await tab.ask('status')).tab?.role;

/** Two tabs of one user; the first leads. */
const twoTabs = async (user: string): Promise<readonly [Tab, Tab]> => {
  browser = await world.launch();
  const leader = await world.tab(browser, { user });
  await leader.ask('now');
  const follower = await world.tab(browser, { user });
  expect([await role(leader), await role(follower)]).toEqual(['leader', 'follower']);
  return [leader, follower];
};

/** All notes of these keys are on the device and on the server, each counted once. */
const allArrive = async (tab: Tab, keys: readonly string[]): Promise<void> => {
  await eventually(
    async () => (await tab.ask('status')).phase === 'synced',
    ANSWERED_WITHIN,
    () => tab.ask('status'),
  );
  const kept = await tab.ask('noteKeys');
  expect(keys.filter((key) => !kept.includes(key))).toEqual([]);
  expect(await world.serverNotes()).toEqual(kept);
  expect(await world.serverCount()).toBe(kept.length);
};

describe('several tabs on one database', () => {
  it('[BROWSER-20] followers write through the leader, and every tab sees what every other writes', async () => {
    const [leader, follower] = await twoTabs('ana');
    const live = (tab: Tab) =>
      tab.page.evaluate(() => {
        const { device } = globalThis as unknown as {
          device: { db(): import('../../src/index.ts').Satchel };
        };
        const seen: number[] = [];
        Object.assign(globalThis, { seen });
        return device
          .db()
          .live({ sql: 'select count(*) as n from notes' }, ({ rows }) => seen.push(Number(rows[0]?.n)))
          .ready;
      });
    const lastSeen = (tab: Tab) =>
      tab.page.evaluate(() => (globalThis as unknown as { seen: number[] }).seen.at(-1));
    await live(leader);
    await live(follower);
    const before = (await leader.ask('noteKeys')).length;
    await follower.ask('note', 'from-follower');
    await leader.ask('note', 'from-leader');
    await eventually(async () => (await lastSeen(leader)) === before + 2);
    await eventually(async () => (await lastSeen(follower)) === before + 2);
    await allArrive(follower, ['from-follower', 'from-leader']);
  });

  it(`[BROWSER-21] a leader that is frozen: writes are saved, said so, and taken in once; ${RUNS} times`, async () => {
    for (let run = 0; run < RUNS; run++) {
      const [leader, follower] = await twoTabs('ana');
      const frozen = await rendererOf(browser, leader.page);
      expect((await rendererOf(browser, follower.page)).pid).not.toBe(frozen.pid);
      // The first is on its way to the leader when that one freezes: it may arrive there, and in the journal.
      const onItsWay = follower.ask('writeMany', `frozen${run}`, 4);
      frozen.freeze();
      const early = await onItsWay;
      const asleep = await follower.ask('writeMany', `asleep${run}`, 2);
      expect(asleep.map(({ saved }) => saved)).toEqual([true, true]);
      const written = [...early, ...asleep];
      expect(Math.max(...written.map(({ ms }) => ms))).toBeLessThan(ANSWERED_WITHIN);
      const status = await follower.ask('status');
      expect(status).toMatchObject({
        phase: 'pending',
        waitingFor: 'leader',
        tab: { role: 'follower', leaderSilent: true, refused: 0 },
      });
      expect(status.tab?.saved).toBe(written.filter(({ saved }) => saved).length);
      // Half of them wake up, half are killed while they sleep.
      if (run % 2 === 0) frozen.thaw();
      else frozen.kill();
      // The journal is taken in before the leader is heard; until then writes still go to the journal.
      await eventually(async () => {
        const { tab } = await follower.ask('status');
        return tab?.saved === 0 && !tab.leaderSilent;
      });
      const after = await follower.ask('writeMany', `thawed${run}`, 2);
      expect(after.map(({ saved }) => saved)).toEqual([false, false]);
      await allArrive(
        follower,
        [...written, ...after].map(({ key }) => key),
      );
      await browser.kill();
    }
    expect(world.errors).toEqual([]);
  }, 900_000);

  it(`[BROWSER-22] a leader that is closed or killed in mid-sync: another leads within a second; ${RUNS} times`, async () => {
    for (let run = 0; run < RUNS; run++) {
      const [leader, follower] = await twoTabs('ana');
      const renderer = await rendererOf(browser, leader.page);
      expect((await rendererOf(browser, follower.page)).pid).not.toBe(renderer.pid);
      await world.database.db.query(
        `insert into notes (id, body) select 'server-${run}-' || n, 'x' from generate_series(1, 2000) n`,
      );
      await world.database.db.query("update counters set total = total + 2000 where id = 'notes'");
      const writing = follower.ask('writeMany', `handover${run}`, 60);
      const syncing = leader.ask('now').catch(() => null);
      await new Promise((done) => setTimeout(done, 40 + 25 * (run % 4)));
      if (run % 2 === 0) await leader.page.close();
      else renderer.kill();
      await syncing;
      const written = await writing;
      expect(written.every(({ saved }) => !saved)).toBe(true);
      expect(Math.max(...written.map(({ ms }) => ms))).toBeLessThan(ANSWERED_WITHIN);
      expect(await role(follower)).toBe('leader');
      await allArrive(
        follower,
        written.map(({ key }) => key),
      );
      await browser.kill();
    }
    expect(world.errors).toEqual([]);
  }, 900_000);

  it(`[BROWSER-23] ten rapid reloads of one tab while the other writes; ${RUNS} times`, async () => {
    for (let run = 0; run < RUNS; run++) {
      const [reloaded, other] = await twoTabs('ana');
      const writing = other.ask('writeMany', `reloads${run}`, 80);
      for (let reload = 0; reload < 10; reload++) {
        await reloaded.page.reload();
        await new Promise((done) => setTimeout(done, 20 * (reload % 4)));
        if (reload % 3 === 0) {
          const token = await world.tokenOf('ana');
          await reloaded.page.evaluate(
            ([server, given]) => {
              const { device } = globalThis as unknown as { device: import('./device.page.ts').Device };
              return device.open({ server: server!, user: 'ana', token: given! }).then(() => undefined);
            },
            [world.proxy.url, token],
          );
        }
      }
      const written = await writing;
      expect(Math.max(...written.map(({ ms }) => ms))).toBeLessThan(ANSWERED_WITHIN);
      await allArrive(
        other,
        written.map(({ key }) => key),
      );
      await browser.kill();
    }
    expect(world.errors).toEqual([]);
  }, 900_000);
});
