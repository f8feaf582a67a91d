import { fileURLToPath } from 'node:url';
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

const salesOnServer = async (): Promise<number> => {
  const { rows } = await fronts.base.db.query<{ n: number }>('select count(*)::int as n from sales', []);
  return rows[0]?.n ?? 0;
};

describe('the shop in a browser', () => {
  it('[REACT-40] [FRONT-01] sells with the network off, starts with the server off, and the sale arrives in the other window', async () => {
    const before = await salesOnServer();
    const till = await fronts.browser();
    const office = await fronts.browser();
    const page = await fronts.window(till);
    await page.getByRole('button', { name: /Bread/ }).waitFor({ timeout: 30_000 });
    const desk = await fronts.window(office, { as: 'manager', width: 1280 });
    await desk.getByRole('button', { name: /Bread/ }).waitFor({ timeout: 30_000 });

    await page.getByRole('button', { name: 'Go offline' }).click();
    await page.getByText('Offline Mode').waitFor();
    await page.getByRole('button', { name: /^Bread/ }).click();
    await page.getByRole('button', { name: /^Tea/ }).click();
    await page.evaluate(() => scrollTo(0, 0));
    await fronts.picture(page, 'shop-phone-offline');
    await page.getByRole('button', { name: 'Take payment' }).click();
    await page.getByText('Sale created! Will sync when online.').waitFor();
    const sold = page.getByRole('region', { name: 'Last sales' });
    await sold.getByText('Pending').waitFor();
    expect(await salesOnServer()).toBe(before);

    // No front, no server, no network: the window is closed and opened again.
    await till.context.setOffline(true);
    await page.close();
    const again = await fronts.window(till);
    const kept = again.getByRole('region', { name: 'Last sales' });
    await kept.getByText('₹180.00').waitFor({ timeout: 30_000 });
    await kept.getByText('Pending').waitFor();
    await fronts.picture(again, 'shop-phone-started-offline');

    // The network is back, but the switch is as it was left: nothing goes by itself.
    await till.context.setOffline(false);
    await again.getByRole('button', { name: 'Go online' }).click();
    await expect.poll(() => kept.getByText('Pending').count(), { timeout: 30_000 }).toBe(0);
    await desk.getByRole('region', { name: 'Last sales' }).getByText('₹180.00').waitFor({ timeout: 30_000 });
    await fronts.picture(desk, 'shop-desk');
    expect(await salesOnServer()).toBe(before + 1);
  }, 180_000);

  it('[FRONT-07] sells by keyboard alone, one sale after another: the focus stays at hand', async () => {
    const page = await fronts.window(await fronts.browser(), { width: 320 });
    await page.getByRole('button', { name: /Bread/ }).waitFor({ timeout: 30_000 });
    const focused = () =>
      page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
      );
    const go = async (key: 'Tab' | 'Shift+Tab', to: RegExp): Promise<void> => {
      for (let step = 0; step < 60; step++) {
        if (to.test(await focused())) return;
        await page.keyboard.press(key);
      }
      throw new Error(`never came to ${to}`);
    };
    const before = await salesOnServer();
    for (const sale of [1, 2]) {
      await go(sale === 1 ? 'Tab' : 'Shift+Tab', /^Matches/);
      await page.keyboard.press('Enter');
      await page.keyboard.press('Enter');
      await go('Tab', /^Take payment/);
      await page.keyboard.press('Enter');
      await expect.poll(salesOnServer, { timeout: 30_000 }).toBe(before + sale);
      expect(await focused()).toMatch(/^Take payment/);
    }
    // Nothing is in the basket: nothing is sold.
    await page.keyboard.press('Enter');
    await page.getByText('Tap a product to begin.').waitFor();
    expect(await salesOnServer()).toBe(before + 2);
  }, 120_000);

  it('[FRONT-04] one switch for every tab of a user, and it outlives the window', async () => {
    const browser = await fronts.browser();
    const leader = await fronts.window(browser, { as: 'staff2' });
    const follower = await fronts.window(browser, { as: 'staff2' });
    await follower.getByText('Online & Synced').waitFor({ timeout: 30_000 });
    await follower.getByRole('button', { name: 'Go offline' }).click();
    await leader.getByRole('button', { name: 'Go online' }).waitFor();
    await leader.getByText('Offline Mode').waitFor();
    await follower.getByText('Offline Mode').waitFor();
    await leader.close();
    await follower.close();
    const later = await fronts.window(browser, { as: 'staff2' });
    await later.getByText('Offline Mode').waitFor();
    await later.getByRole('button', { name: 'Go online' }).click();
    await later.getByText('Online & Synced').waitFor({ timeout: 30_000 });
  }, 120_000);

  it('[FRONT-06] goods that came in and goods that were sold at the same time add up, whoever is offline', async () => {
    const onShelf = async (): Promise<number> => {
      const { rows } = await fronts.base.db.query<{ n: number }>(
        "select stock::int as n from products where name = 'Salt'",
        [],
      );
      return rows[0]?.n ?? 0;
    };
    const before = await onShelf();
    const till = await fronts.window(await fronts.browser());
    const office = await fronts.window(await fronts.browser(), { as: 'manager', width: 1280 });
    await till.getByRole('button', { name: /^Salt/ }).waitFor({ timeout: 30_000 });
    await till.getByRole('button', { name: 'Go offline' }).click();
    await till.getByRole('button', { name: /^Salt/ }).click();
    await till.getByRole('button', { name: 'Take payment' }).click();
    await till.getByRole('button', { name: new RegExp(`^Salt.*${before - 1} left`) }).waitFor();

    await goTo(office, 'products');
    await office.getByRole('button', { name: 'Stock' }).click();
    await office.getByText('Goods in or out').click();
    await office.getByLabel('Product', { exact: false }).first().selectOption({ label: 'Salt' });
    await office.getByLabel('Pieces').fill('30');
    await fronts.picture(office, 'shop-stock');
    await office.getByRole('button', { name: 'Book' }).click();
    await office.getByText('+30').waitFor();
    await expect.poll(onShelf, { timeout: 30_000 }).toBe(before + 30);
    await till.getByRole('button', { name: 'Go online' }).click();
    await expect.poll(onShelf, { timeout: 30_000 }).toBe(before + 29);
    await office
      .getByRole('listitem')
      .filter({ hasText: `Salt${before + 29} left` })
      .waitFor({ timeout: 30_000 });
  }, 180_000);

  it('[FRONT-08] what a till sends to support stands on the office’s screen, which decides it', async () => {
    const priceOf = async (): Promise<string | undefined> => {
      const { rows } = await fronts.base.db.query<{ price: string }>(
        "select price::text as price from products where name = 'Candles'",
        [],
      );
      return rows[0]?.price;
    };
    const till = await fronts.window(await fronts.browser(), { width: 320 });
    const office = await fronts.window(await fronts.browser(), { as: 'manager', width: 1280 });
    await goTo(office, 'products');
    await office.getByText('New product').click();
    await office.getByLabel('Name').fill('Candles');
    await office.getByLabel('Price', { exact: true }).fill('12');
    await office.getByRole('button', { name: 'Add' }).click();
    await goTo(till, 'products');
    await till.getByRole('button', { name: 'Go offline' }).waitFor();
    const row = till.getByRole('listitem').filter({ hasText: 'Candles' });
    await row.waitFor({ timeout: 30_000 });
    await till.getByRole('button', { name: 'Go offline' }).click();
    await row.getByRole('button', { name: /12\.00/ }).click();
    await row.getByRole('textbox').fill('15.5');
    await till.keyboard.press('Enter');
    await office.getByRole('button', { name: 'Remove Candles' }).click();
    await expect.poll(priceOf, { timeout: 30_000 }).toBeUndefined();
    await till.getByRole('button', { name: 'Go online' }).click();

    await till.getByRole('button', { name: 'Review' }).click({ timeout: 30_000 });
    await till.getByRole('button', { name: /Needs a decision Products: Candles/ }).click();
    const asked = till.getByRole('dialog', { name: 'Products: Candles' });
    await asked.getByRole('button', { name: 'Escalate to support' }).click();
    await asked.getByRole('textbox', { name: 'Note for support' }).fill('Do we still sell them?');
    await asked.getByRole('button', { name: 'Send to support' }).click();
    await asked.getByText('Support was asked.').first().waitFor();

    await goTo(office, 'settings');
    await office
      .getByRole('button', { name: /Sent to support Products: Candles/ })
      .click({ timeout: 30_000 });
    const decided = office.getByRole('dialog', { name: 'Products: Candles' });
    await decided.getByText('Do we still sell them?').waitFor();
    await decided.getByRole('columnheader', { name: 'Till 1' }).waitFor();
    await decided.getByRole('button', { name: 'Keep the edit' }).click();
    await expect.poll(priceOf, { timeout: 30_000 }).toBe('15.5');
    await till.keyboard.press('Escape');
    await goTo(till, 'products');
    await row.getByRole('button', { name: /15\.50/ }).waitFor({ timeout: 30_000 });
  }, 180_000);

  it('[FRONT-05] speaks the chosen language everywhere, and keeps it', async () => {
    const browser = await fronts.browser();
    const page = await fronts.window(browser, { width: 1280 });
    await goTo(page, 'settings');
    await page.getByLabel('Language').selectOption('hi');
    await page.getByRole('heading', { name: 'सेटिंग', exact: true }).waitFor();
    await page.getByRole('heading', { name: 'सिंक की सेटिंग' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'सेटिंग', exact: true }).waitFor({ timeout: 30_000 });
    expect(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir])).toEqual([
      'hi',
      'ltr',
    ]);
    await page.getByLabel('भाषा').selectOption('ar');
    await page.getByRole('heading', { name: 'الإعدادات', exact: true }).waitFor();
    expect(await page.evaluate(() => document.documentElement.dir)).toBe('rtl');
  }, 120_000);

  it('[FRONT-02] no screen has a grave finding of axe, none is too wide', async () => {
    const browser = await fronts.browser();
    const page = await fronts.window(browser, { as: 'manager' });
    await page.getByRole('button', { name: /Bread/ }).waitFor({ timeout: 30_000 });
    const screens = ['till', 'products', 'customers', 'reports', 'settings'];
    expect(await fronts.faults(page, screens, 'shop')).toEqual([]);
    expect(browser.problems).toEqual([]);
  }, 300_000);
});
