import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
import type { Gallery, Look } from './page.tsx';
import { ALONE, COMPONENTS, componentsGuide, ON_A_PHONE, picturesOf } from './pictures.ts';

declare const gallery: Gallery;
declare const axe: { run(context: object, options: object): Promise<AxeResults> };

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const DOCS = here('../../../../docs');
/** Set to take the pictures anew, and the guide that shows them. */
const TAKES_PICTURES = process.env.SATCHEL_PICTURES !== undefined;

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

const show = (page: Page, name: string, look: Look): Promise<void> =>
  page.evaluate(([one, given]) => gallery.show(one, given), [name, look] as const);

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

/** What reaches over the edge of the screen, or of the box that it is in. */
const overflows = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    const cut = [...document.querySelectorAll<HTMLElement>('.satchel, .satchel *')].filter((element) => {
      const isUnseen = element.closest('.satchel-unseen, thead, svg, option') !== null;
      return !isUnseen && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1;
    });
    return [
      ...(scrollWidth > clientWidth ? [`the page is ${scrollWidth - clientWidth} px too wide`] : []),
      ...cut.map(
        (element) => `cut: ${element.className || element.tagName} "${element.textContent?.slice(0, 40)}"`,
      ),
    ];
  });

describe('the gallery of every component in every state', () => {
  for (const width of [320, 1280]) {
    it(`[REACT-30] axe finds nothing serious at ${width} px, light and dark, in both directions, and nothing is cut off`, async () => {
      const page = await openAt(width);
      await page.evaluate(AXE);
      const wrong: string[] = [];
      for (const name of await page.evaluate(() => gallery.names)) {
        for (const theme of ['light', 'dark'] as const) {
          for (const locale of ['en', 'ar'] as const) {
            await show(page, name, { theme, locale });
            const at = `${name} ${theme} ${locale}`;
            for (const finding of await findings(page)) wrong.push(`${at}: ${finding}`);
            for (const one of await overflows(page)) wrong.push(`${at}: ${one}`);
          }
        }
      }
      expect(wrong).toEqual([]);
      expect(browser.problems).toEqual([]);
      await page.close();
    }, 900_000);
  }

  it('[REACT-30] long words of the other languages fit into 320 px', async () => {
    const page = await openAt(320);
    const wrong: string[] = [];
    for (const name of await page.evaluate(() => gallery.names))
      for (const locale of ['tr', 'sw', 'hi'] as const) {
        await show(page, name, { theme: 'light', locale });
        for (const one of await overflows(page)) wrong.push(`${name} ${locale}: ${one}`);
      }
    expect(wrong).toEqual([]);
    await page.close();
  }, 300_000);

  it.runIf(TAKES_PICTURES)(
    '[REACT-31] has its pictures taken',
    async () => {
      const folder = join(DOCS, 'pictures', 'components');
      mkdirSync(folder, { recursive: true });
      for (const old of readdirSync(folder)) rmSync(join(folder, old));
      const look: Look = { theme: 'light', locale: 'en' };
      const page = await openAt(960);
      const take = async (name: string, path: string): Promise<void> => {
        await show(page, name, look);
        const inDialog = await page.evaluate(() => document.querySelector('dialog[open]') !== null);
        await page.locator(inDialog ? 'dialog[open]' : 'main').screenshot({ path });
      };
      for (const component of COMPONENTS.filter((one) => ALONE.includes(one)))
        for (const name of picturesOf(component).filter((one) => !one.endsWith('-phone')))
          await take(name, join(folder, `${name}.png`));
      await page.setViewportSize({ width: 1120, height: 900 });
      for (const component of COMPONENTS.filter((one) => !ALONE.includes(one))) {
        await page.evaluate(([one, given]) => gallery.sheet(one, given), [component, look] as const);
        await page.locator('main').screenshot({ path: join(folder, `${component}.png`) });
      }
      await page.setViewportSize({ width: 320, height: 900 });
      for (const name of ON_A_PHONE) await take(name, join(folder, `${name}-phone.png`));
      writeFileSync(join(DOCS, 'guides', 'components.md'), componentsGuide());
      await page.close();
    },
    600_000,
  );
});
