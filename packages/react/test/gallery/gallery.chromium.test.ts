import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type BuiltPage,
  buildPage,
  type Chromium,
  launchChromium,
  type ServedPage,
  servePage,
} from '@satchel/testing/chromium';
import react from '@vitejs/plugin-react';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gallery } from './page.tsx';

declare const gallery: Gallery;
declare const axe: { run(context: object, options: object): Promise<AxeResults> };

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Set to put the pictures into `docs/pictures/components`. */
const PICTURES = process.env.SATCHEL_PICTURES ? here('../../../../docs/pictures/components') : null;

let built: BuiltPage;
let served: ServedPage;
let browser: Chromium;

beforeAll(async () => {
  built = await buildPage({ entry: here('page.tsx'), plugins: [react()] });
  served = await servePage(built.directory);
  browser = await launchChromium({ arguments: ['--lang=en'] });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  browser?.forget();
  await served?.close();
  built?.remove();
});

const openAt = async (width: number): Promise<Page> => {
  const page = await browser.open(served.url);
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  return page;
};

const findings = async (page: Page): Promise<string[]> => {
  const results = await page.evaluate(() =>
    axe.run(document, {
      runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag22aa'] },
      resultTypes: ['violations'],
    }),
  );
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, any }) => `${id}: ${html.slice(0, 140)} (${any[0]?.message ?? ''})`),
    );
};

describe('the gallery of every component in every state', () => {
  for (const width of [320, 1280]) {
    it(`[REACT-30] axe finds nothing serious at ${width} px, light and dark, in both directions, and nothing overflows`, async () => {
      const page = await openAt(width);
      await page.evaluate(AXE);
      const names = await page.evaluate(() => gallery.names);
      const wrong: string[] = [];
      for (const name of names) {
        for (const theme of ['light', 'dark'] as const) {
          for (const rtl of [false, true]) {
            await page.evaluate(([one, options]) => gallery.show(one, options), [
              name,
              { theme, rtl },
            ] as const);
            const at = `${name} ${theme}${rtl ? ' rtl' : ''}`;
            for (const finding of await findings(page)) wrong.push(`${at}: ${finding}`);
            const over = await page.evaluate(
              () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
            );
            if (over > 0) wrong.push(`${at}: ${over} px too wide`);
          }
        }
      }
      expect(wrong).toEqual([]);
      expect(browser.problems).toEqual([]);
      await page.close();
    }, 900_000);
  }

  it('[REACT-32] shows every component that the package exports', async () => {
    const exported = [
      ...readFileSync(here('../../src/index.ts'), 'utf8').matchAll(/export \{([^}]+)\} from '[^']+\.tsx'/g),
    ]
      .flatMap(([, names]) => (names ?? '').split(','))
      .map((name) => name.trim())
      .filter((name) => /^[A-Z][a-z]/.test(name) && name !== 'SatchelProvider' && name !== 'Icon');
    const page = await openAt(720);
    const names = await page.evaluate(() => gallery.names);
    expect(exported.length).toBeGreaterThan(15);
    expect(exported.filter((name) => !names.some((one) => one.startsWith(`${name}-`)))).toEqual([]);
    await page.close();
  });

  it.runIf(PICTURES !== null)(
    '[REACT-31] has its picture taken',
    async () => {
      const folder = PICTURES ?? '';
      mkdirSync(folder, { recursive: true });
      const page = await openAt(720);
      for (const name of await page.evaluate(() => gallery.names)) {
        await page.evaluate((one) => gallery.show(one, { theme: 'light', rtl: false }), name);
        const target = page.locator(
          name.startsWith('ClearCache-') || name.startsWith('ConflictDialog') ? 'body' : 'main',
        );
        const path = join(folder, `${name}.png`);
        if (name.startsWith('Toaster') || name.includes('Dialog') || /ClearCache-(nothing|three)/.test(name))
          await page.screenshot({ path, clip: { x: 0, y: 0, width: 720, height: 900 } });
        else await target.screenshot({ path });
      }
      await page.close();
    },
    600_000,
  );
});
