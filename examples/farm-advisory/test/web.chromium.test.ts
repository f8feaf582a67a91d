import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fronts, goTo, openFronts } from '../../web-front/test/open-fronts.ts';
import app from '../src/app.ts';
import { lastMorning, seedAt } from '../src/seed.ts';
import { PEOPLE } from '../src/web/people.ts';

let fronts: Fronts;
beforeAll(async () => {
  fronts = await openFronts({
    app,
    seed: seedAt(lastMorning(Date.now())),
    people: PEOPLE,
    root: fileURLToPath(new URL('../web', import.meta.url)),
  });
}, 180_000);
afterAll(() => fronts?.end());

const HOUR = 3_600_000;
/** Farmer 1's first field, whatever is planted there. */
const FIELD = 'crop-1-1';

const cropOnServer = async (): Promise<{ readonly acreage: string; readonly crop_type: string }> => {
  const { rows } = await fronts.base.db.query<{ acreage: string; crop_type: string }>(
    'select acreage::text as acreage, crop_type from crop_records where id = $1',
    [FIELD],
  );
  return rows[0] ?? { acreage: '', crop_type: '' };
};

/** Changes fields of the first crop of farmer 1 on the page of crops. */
const change = async (page: Page, fields: Readonly<Record<string, string>>): Promise<void> => {
  const farmer = page.getByRole('region', { name: 'Farmer 1' });
  await farmer.getByRole('button', { name: /^Edit/ }).first().click();
  for (const [name, value] of Object.entries(fields)) {
    const input = farmer.locator(`[name="${name}"]`);
    if (name === 'crop_type') await input.selectOption(value);
    else await input.fill(value);
  }
  await farmer.getByRole('button', { name: 'Save' }).click();
  await farmer.getByRole('button', { name: 'Save' }).waitFor({ state: 'detached' });
};

describe('advice for farmers in a browser', () => {
  it('[FRONT-10] what farmer and agent both changed waits for the agent, who decides it field by field', async () => {
    const agents = await fronts.browser();
    const agent = await fronts.window(agents);
    const farmers = await fronts.browser();
    const farmer = await fronts.window(farmers, { as: 'farmer' });
    await agent.getByRole('region', { name: 'Farmer 1' }).waitFor({ timeout: 30_000 });
    await farmer.getByRole('region', { name: 'Farmer 1' }).waitFor({ timeout: 30_000 });

    await farmer.getByRole('button', { name: 'Go offline' }).click();
    await change(farmer, { acreage: '3.25', crop_type: 'millet' });
    await change(agent, { acreage: '2.75' });
    await expect.poll(async () => (await cropOnServer()).acreage, { timeout: 30_000 }).toBe('2.75');
    await farmer.getByRole('button', { name: 'Go online' }).click();

    await agent.getByRole('heading', { name: '1 conflict' }).waitFor({ timeout: 30_000 });
    await fronts.picture(agent, 'farm-to-decide');
    // Nothing of it applies until somebody has decided.
    expect(await cropOnServer()).toMatchObject({
      acreage: '2.75',
      crop_type: expect.not.stringMatching('millet'),
    });
    await agent
      .getByRole('button', { name: /Farmer 1/ })
      .first()
      .click();
    const dialog = agent.getByRole('dialog');
    await dialog.getByRole('radio', { name: 'Accept the value of Farmer 1 for Acreage' }).check();
    await fronts.picture(agent, 'farm-decision');
    await dialog.getByRole('button', { name: 'Save result' }).click();
    await expect.poll(cropOnServer, { timeout: 30_000 }).toEqual({ acreage: '3.25', crop_type: 'millet' });
    await agent.keyboard.press('Escape');
    for (const page of [agent, farmer])
      await page
        .getByRole('region', { name: 'Farmer 1' })
        .getByText('3.25 acres')
        .waitFor({ timeout: 30_000 });
  }, 180_000);

  it('[FRONT-11] an alert is acknowledged with the server off, and that arrives later', async () => {
    const browser = await fronts.browser();
    const page = await fronts.window(browser, { as: 'farmer' });
    await goTo(page, 'alerts');
    await page.getByRole('heading', { name: 'Unread: 1' }).waitFor({ timeout: 30_000 });
    await browser.context.setOffline(true);
    await page.close();
    const again = await fronts.window(browser, { as: 'farmer' });
    await goTo(again, 'alerts');
    await again.getByRole('heading', { name: 'Unread: 1' }).waitFor({ timeout: 30_000 });
    await fronts.picture(again, 'farm-alert-offline');
    await again.getByRole('button', { name: /^Acknowledge/ }).click();
    await again.getByRole('heading', { name: 'Unread: 0' }).waitFor();
    await again.getByText('Saved here').waitFor();
    const acknowledged = async (): Promise<string | null> =>
      (
        await fronts.base.db.query<{ by: string | null }>(
          "select acknowledged_by as by from alerts where id = 'alert-1'",
          [],
        )
      ).rows[0]?.by ?? null;
    expect(await acknowledged()).toBeNull();
    await browser.context.setOffline(false);
    await expect.poll(acknowledged, { timeout: 60_000 }).toBe('farmer');
  }, 180_000);

  it('[FRONT-12] prices say that they are old after six hours without the server, and are fresh again with it', async () => {
    const browser = await fronts.browser();
    const page = await fronts.window(browser, { as: 'farmer' });
    await goTo(page, 'market');
    await page.getByRole('region', { name: 'north market' }).waitFor({ timeout: 30_000 });
    await page.getByText('All data up to date').waitFor({ timeout: 30_000 });
    await browser.context.setOffline(true);
    await page.clock.setFixedTime(Date.now() + 5 * HOUR);
    await page.reload();
    await goTo(page, 'market');
    await page.getByText('Working offline').first().waitFor({ timeout: 30_000 });
    await page.getByRole('region', { name: 'north market' }).waitFor();
    expect(await page.getByText('This may be out of date').count()).toBe(0);

    await page.clock.setFixedTime(Date.now() + 7.1 * HOUR);
    await page.reload();
    await goTo(page, 'market');
    await page.getByText('This may be out of date').waitFor({ timeout: 30_000 });
    await page.getByText('Last brought up to date 7 hours ago.').waitFor();
    await fronts.picture(page, 'farm-market-stale');

    await page.clock.setFixedTime(Date.now());
    await browser.context.setOffline(false);
    await page.getByText('This may be out of date').waitFor({ state: 'detached', timeout: 60_000 });
  }, 180_000);

  it('[FRONT-02] no screen has a grave finding of axe, none is too wide', async () => {
    const browser = await fronts.browser();
    const page = await fronts.window(browser);
    await page.getByRole('region', { name: 'Farmer 2' }).waitFor({ timeout: 30_000 });
    expect(await fronts.faults(page, ['crops', 'alerts', 'market', 'settings'], 'farm')).toEqual([]);
    expect(browser.problems).toEqual([]);
  }, 300_000);
});
