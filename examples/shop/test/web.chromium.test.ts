import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Chromium, launchChromium } from '@satchel/testing/chromium';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import app from '../src/app.ts';
import { buildFront, SHOP_FRONT } from '../src/web/build-front.ts';
import { type ShopService, startShop } from '../src/web/shop-service.ts';

/** Set to put screenshots into `docs/pictures`. */
const PICTURES = process.env.SATCHEL_PICTURES
  ? fileURLToPath(new URL('../../../docs/pictures', import.meta.url))
  : null;

let base: TestDatabase;
let directory: string;
let shop: ShopService;
let till: Chromium;
let office: Chromium;

beforeAll(async () => {
  base = await testDatabase({ app });
  directory = mkdtempSync(join(tmpdir(), 'satchel-shop-'));
  await buildFront(SHOP_FRONT, directory, ['source']);
  shop = await startShop({ database: base.db, directory });
  till = await launchChromium();
  office = await launchChromium();
}, 180_000);
afterAll(async () => {
  for (const browser of [till, office]) {
    await browser?.close();
    browser?.forget();
  }
  await shop?.stop();
  await base?.drop();
  if (directory) rmSync(directory, { recursive: true, force: true });
});

const picture = async (page: Page, name: string): Promise<void> => {
  if (PICTURES === null) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
};
const salesOnServer = async (): Promise<number> => {
  const { rows } = await base.db.query<{ n: number }>('select count(*)::int as n from sales', []);
  return rows[0]?.n ?? 0;
};

describe('the shop in a browser', () => {
  it('[REACT-40] sells with the network off, starts with the server off, and the sale arrives in the other window', async () => {
    const page = await till.open(shop.front.url);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('button', { name: /Bread/ }).waitFor({ timeout: 30_000 });
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    const desk = await office.open(`${shop.front.url}/?as=manager`);
    await desk.setViewportSize({ width: 1280, height: 800 });
    await desk.getByRole('button', { name: /Bread/ }).waitFor({ timeout: 30_000 });

    await page.getByRole('button', { name: 'Go offline' }).click();
    await page.getByText('Offline Mode').waitFor();
    await page.getByRole('button', { name: /^Bread/ }).click();
    await page.getByRole('button', { name: /^Tea/ }).click();
    await picture(page, 'shop-phone-offline');
    await page.getByRole('button', { name: 'Take payment' }).click();
    await page.getByText('Sale created! Will sync when online.').waitFor();
    await page.getByRole('region', { name: 'Last sales' }).getByText('Pending').waitFor();
    expect(await salesOnServer()).toBe(0);

    const { context } = till;
    await context.setOffline(true);
    await page.close();
    const again = await till.open(shop.front.url);
    await again.setViewportSize({ width: 390, height: 844 });
    await again.getByRole('region', { name: 'Last sales' }).getByText('4.30').waitFor({ timeout: 30_000 });
    await picture(again, 'shop-phone-started-offline');

    await context.setOffline(false);
    await again.getByRole('region', { name: 'Last sales' }).getByText('Synced').waitFor({ timeout: 30_000 });
    await desk.getByRole('region', { name: 'Last sales' }).getByText('4.30').waitFor({ timeout: 30_000 });
    await picture(desk, 'shop-desk');
    expect(await salesOnServer()).toBe(1);
  }, 180_000);
});
