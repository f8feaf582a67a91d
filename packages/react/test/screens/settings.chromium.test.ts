import { NO_FAULTS } from '@satchel/testing/faulty-proxy';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventuallyEqual, type FieldTab, type FieldWorld, openField } from './field-world.ts';

let world: FieldWorld;
let phone: FieldTab;
let page: Page;

beforeAll(async () => {
  world = await openField();
  phone = await world.device('ana', 'Phone');
  page = phone.page;
}, 180_000);
beforeEach(async () => {
  world.proxy.setFaults(NO_FAULTS);
  world.proxy.setDown(false);
  await phone.online();
  await phone.ask('now');
});
afterAll(() => world.end());

const add = (key: string): Promise<void> =>
  phone.ask('write', "insert into plots (id, crop, acreage) values (?, 'Beans', '1')", key);
const addPhoto = (key: string): Promise<void> =>
  phone.ask(
    'write',
    'insert into photos (id, plot_id, photo) values (?, ?, ?)',
    key,
    'for-photos',
    JSON.stringify({ id: key, sha256: 'a'.repeat(64), bytes: 1, type: 'image/png' }),
  );
const pending = async (): Promise<number> => (await phone.ask('status')).pending;
const onServer = async (table: string): Promise<number> =>
  (await world.database.db.query<{ n: number }>(`select count(*)::int as n from ${table}`)).rows[0]?.n ?? 0;
const here = async (table: string): Promise<number> =>
  (await phone.ask('all', `select id from ${table}`)).length;
const toggle = async (name: string, on: boolean): Promise<void> => {
  await page.getByRole('switch', { name }).setChecked(on, { force: true });
};

describe('the settings of sync', () => {
  it('[REACT-70] Sync now is under way until both directions have caught up, and a second press starts no second run', async () => {
    await phone.show('settings');
    await phone.offline();
    await add('up');
    await world.database.db.query("insert into plots (id, crop, acreage) values ('down', 'Maize', 2)");
    world.proxy.setFaults({ ...NO_FAULTS, delay: [150, 150] });
    const runs = await phone.ask('runs');
    await phone.online();
    const button = page.getByRole('button', { name: 'Sync now' });
    const busy = page.getByRole('button', { name: 'Syncing…' });
    await button.click();
    await busy.waitFor();
    await busy.click({ force: true });
    await button.waitFor();
    // At once, without waiting for anything more.
    expect([await pending(), await onServer('plots'), await here('plots')]).toEqual([0, 2, 2]);
    expect((await phone.ask('runs')) - runs).toBeLessThanOrEqual(2);
  });

  it('[REACT-70] Cancel calls the run off, and what waits goes on waiting', async () => {
    await phone.show('settings');
    world.proxy.setFaults({ ...NO_FAULTS, delay: [3_000, 3_000] });
    const startedAt = performance.now();
    await page.getByRole('button', { name: 'Sync now' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Sync now' }).waitFor();
    expect(performance.now() - startedAt).toBeLessThan(2_500);
  });

  it('[REACT-71] each switch holds back what it says, and lets it go: Wi-Fi only, mobile data, media on mobile data', async () => {
    await add('for-photos');
    await phone.ask('now');
    await phone.show('settings');
    await phone.online('cellular');

    await toggle('Auto-sync on Wi-Fi only', true);
    await addPhoto('p1');
    await eventuallyEqual(async () => (await phone.ask('status')).waitingFor, 'wifi');
    await page.getByText('1 change waits. Waiting for Wi-Fi.').waitFor();
    await phone.online('wifi');
    await eventuallyEqual(pending, 0);

    await toggle('Auto-sync on Wi-Fi only', false);
    await phone.online('cellular');
    await toggle('Include media on mobile data', false);
    await addPhoto('p2');
    await add('beside-media');
    await eventuallyEqual(async () => (await phone.ask('status')).pendingByTable, { photos: 1 });
    await page.getByText('1 change waits. Waiting for Wi-Fi.').waitFor();
    await toggle('Include media on mobile data', true);
    await phone.ask('now');
    await eventuallyEqual(pending, 0);

    await toggle('Sync over data', false);
    await add('without-data');
    await eventuallyEqual(pending, 1);
    await page.getByText('1 change waits. Waiting for Wi-Fi.').waitFor();
    await page.getByText('Nothing goes by mobile data unless you press Sync now.').waitFor();
    // Sync now asks first, and then goes.
    await page.getByRole('button', { name: 'Sync now' }).click();
    await page.getByText('Use mobile data for this sync?').waitFor();
    expect(await pending()).toBe(1);
    await page.getByRole('button', { name: 'Use mobile data' }).click();
    await eventuallyEqual(pending, 0);
    await toggle('Sync over data', true);
    expect(await phone.ask('settings')).toMatchObject({
      wifiOnly: false,
      mobileData: true,
      mediaOnMobileData: true,
    });
  });

  it('[REACT-72] a table that is left out goes from this device alone, and comes back', async () => {
    await phone.ask('write', "insert into tools (id, code, name) values ('t1', 'T-1', 'Hoe')");
    await phone.ask('now');
    await phone.show('settings');
    const tools = page.getByRole('checkbox', { name: 'Tools' });
    await tools.uncheck();
    await eventuallyEqual(() => here('tools'), 0);
    expect(await onServer('tools')).toBe(1);
    await tools.check();
    await eventuallyEqual(() => here('tools'), 1);
  });

  it('[REACT-73] Pause holds everything until it is resumed', async () => {
    await phone.show('settings');
    await page.getByRole('button', { name: 'Pause until I resume' }).click();
    await eventuallyEqual(async () => (await phone.ask('status')).phase, 'paused');
    await add('paused');
    await page.getByText('1 change waits. Sync is paused.').waitFor();
    // Focus is where the pressed button was: the next press goes on again.
    await eventuallyEqual(() => page.evaluate(() => document.activeElement?.textContent), 'Resume sync');
    await page.keyboard.press('Enter');
    await eventuallyEqual(pending, 0);
    await eventuallyEqual(
      () => page.evaluate(() => document.activeElement?.textContent),
      'Pause for an hour',
    );
  });

  it('[REACT-76] the history is copied without what a problem says of anybody’s data, as a file where there is no clipboard', async () => {
    await phone.show('settings');
    await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Copy history' }).click();
    const stream = await (await downloading).createReadStream();
    const runs = JSON.parse((await stream.toArray()).join(''));
    expect(runs.length).toBeGreaterThan(1);
    for (const { problem } of runs) expect(['string', 'undefined']).toContain(typeof problem);
    await page.getByText('History copied.').waitFor();
  });

  it('[REACT-77] Diagnostics tell what waits, why the last run failed, how far the clock is off, and where things lie', async () => {
    await phone.show('settings');
    const fact = (name: string) =>
      page
        .getByRole('region', { name: 'Diagnostics' })
        .locator('div')
        .filter({ hasText: name })
        .last()
        .locator('dd');
    await eventuallyEqual(() => fact('Last failure').innerText(), 'None');
    await eventuallyEqual(() => fact('Queue length').innerText(), '0');
    expect(await fact('API latency').innerText()).toMatch(/^\d+ ms$/);
    expect(await fact('Clock difference').innerText()).toMatch(/^[\d.]+ (ms|sec)$/);
    expect(await fact('Storage').innerText()).toMatch(/\(.+ of .+ used\)$/);
    expect(await fact('App and schema version').innerText()).toBe('field 1');

    world.proxy.setDown(true);
    await add('diagnosed');
    await page.getByRole('button', { name: 'Sync now' }).click();
    await eventuallyEqual(() => fact('Queue length').innerText(), '1');
    await eventuallyEqual(() => fact('Oldest waiting change').innerText(), 'now');
    const { lastRun } = await phone.ask('status');
    expect(await fact('Last failure').innerText()).toContain(`(${lastRun?.problem?.code})`);

    await phone.offline();
    await eventuallyEqual(() => fact('Next sync').innerText(), 'Working offline');
    world.proxy.setDown(false);
    await phone.online();
    await eventuallyEqual(pending, 0);
    await page.getByRole('button', { name: 'Verify my data' }).click();
    await page.getByText('Compared: this device and the server agree.').waitFor();
  });

  it('[REACT-74] Clear local cache names unsent work, exports it, asks for a word, and loses none of it', async () => {
    await phone.offline();
    await add('kept-1');
    await add('kept-2');
    const before = await onServer('plots');
    await phone.show('cache');
    await page.getByRole('button', { name: 'Clear local cache' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('2 changes are not on the server yet.').waitFor();
    const clear = dialog.getByRole('button', { name: 'Clear and copy again' });
    expect(await clear.isDisabled()).toBe(true);
    await clear.click({ force: true });
    expect(await here('plots')).toBe(before + 2);

    const downloading = page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Export them first' }).click();
    const stream = await (await downloading).createReadStream();
    const exported = (await stream.toArray()).join('');
    expect(exported).toContain('kept-1');
    expect(exported).toContain('kept-2');

    await phone.online();
    await phone.offline();
    await add('kept-3');
    await dialog.getByRole('textbox').fill('clear');
    await clear.click();
    await phone.online();
    await phone.ask('now');
    await eventuallyEqual(
      async () => [await pending(), await onServer('plots'), await here('plots')],
      [0, before + 3, before + 3],
    );
  });

  it('[REACT-75] Data usage shows what was metered; a cap holds background work back, and says so', async () => {
    await add('for-photos-2');
    await phone.ask('now');
    await phone.show('usage');
    const since = new Date(Date.now() - 6 * 86_400_000).toISOString().slice(0, 10);
    const total = (await phone.ask('usage', since)).reduce((sum, { bytes }) => sum + bytes, 0);
    expect(total).toBeGreaterThan(1_000);
    await page.getByText('Sending changes').waitFor();
    await page.getByText('Fetching changes').waitFor();
    await page.getByRole('combobox', { name: 'Limit a day' }).selectOption('1000000');
    await eventuallyEqual(async () => (await phone.ask('settings')).dailyBytes, 1_000_000);
    await toggle('Compress images', false);
    await eventuallyEqual(async () => (await phone.ask('settings')).compressImages, false);
    // A cap that is reached: nothing but the urgent lane and Sync now goes.
    await phone.ask('choose', { dailyBytes: 1 });
    await page.getByText(/of 1 byte used/).waitFor();
    await addPhoto('p-cap');
    await eventuallyEqual(async () => (await phone.ask('status')).waitingFor, 'budget');
    await page.getByRole('combobox', { name: 'Limit a day' }).selectOption('null');
    await phone.ask('now');
    await eventuallyEqual(pending, 0);
    expect(world.errors).toEqual([]);
  });
});
