import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { App } from '@satchel/schema';
import { type Chromium, launchChromium } from '@satchel/testing/chromium';
import type { RowsByTable } from '@satchel/testing/load-rows';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { buildFront, type FrontService, type People, startFront } from '@satchel-examples/web-front';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

declare const axe: { run(context: object, options: object): Promise<AxeResults> };
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Set to put pictures into `docs/pictures`. */
const PICTURES = process.env.SATCHEL_PICTURES
  ? fileURLToPath(new URL('../../../docs/pictures', import.meta.url))
  : null;

/** How a screen is looked at: sizes of a small phone and a desk, both looks, a left and a right script. */
export const VIEWS = [
  { width: 320, look: 'light', language: 'en' },
  { width: 1280, look: 'light', language: 'en' },
  { width: 320, look: 'dark', language: 'hi' },
  { width: 1280, look: 'dark', language: 'en' },
  { width: 320, look: 'light', language: 'ar' },
  { width: 1280, look: 'light', language: 'ar' },
] as const;
export type View = (typeof VIEWS)[number];

const HEIGHTS = { 320: 640, 1280: 800 } as const;

export interface Fronts {
  readonly base: TestDatabase;
  readonly service: FrontService;
  /** A browser of its own: a device. */
  browser(): Promise<Chromium>;
  /** Opens the front in a browser, as somebody; width 390: a phone. */
  window(browser: Chromium, options?: { readonly as?: string; readonly width?: number }): Promise<Page>;
  /** Takes a picture, if pictures are wanted. */
  picture(page: Page, name: string): Promise<void>;
  /** Goes through pages and views; tells what axe finds grave, and what is wider than the screen. */
  faults(page: Page, screens: readonly string[], told: string): Promise<readonly string[]>;
  end(): Promise<void>;
}

/** A front over a real server and PostgreSQL, and browsers that look at it. */
export const openFronts = async (given: {
  readonly app: App;
  readonly seed: RowsByTable;
  readonly people: People;
  /** The folder with `index.html`. */
  readonly root: string;
}): Promise<Fronts> => {
  const { app, people, root, seed } = given;
  const base = await testDatabase({ app });
  const directory = mkdtempSync(join(tmpdir(), 'satchel-front-'));
  await buildFront(root, directory, ['source']);
  const service = await startFront({ app, seed, people, database: base.db, directory });
  const browsers: Chromium[] = [];
  const picture: Fronts['picture'] = async (page, name) => {
    if (PICTURES === null) return;
    const path = join(PICTURES, `${name}.png`);
    mkdirSync(join(path, '..'), { recursive: true });
    await page.screenshot({ path });
  };
  return {
    base,
    service,
    picture,
    async browser() {
      const started = await launchChromium({ arguments: ['--lang=en'] });
      browsers.push(started);
      return started;
    },
    async window(browser, { as = '', width = 390 } = {}) {
      const page = await browser.open('about:blank');
      await page.setViewportSize({ width, height: width < 600 ? 844 : 800 });
      await page.goto(`${service.front.url}/${as === '' ? '' : `?as=${as}`}`);
      await page.locator('main h2').first().waitFor({ timeout: 30_000 });
      await page.evaluate(async () => {
        await navigator.serviceWorker.ready;
      });
      return page;
    },
    async faults(page, screens, told) {
      const faults: string[] = [];
      for (const view of VIEWS) {
        await show(page, view);
        for (const screen of screens) {
          await goTo(page, screen);
          const at = `${screen} ${view.width} ${view.look} ${view.language}`;
          await picture(page, `${told}/${screen}-${view.width}-${view.look}-${view.language}`);
          faults.push(...(await findings(page)).map((finding) => `${at}: ${finding}`));
          faults.push(...(await tooWide(page)).map((element) => `${at}: too wide: ${element}`));
        }
      }
      return faults;
    },
    async end() {
      for (const browser of browsers) {
        await browser.close();
        browser.forget();
      }
      await service.stop();
      await base.drop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};

/** Shows a page of the front by its name in the address. */
export const goTo = async (page: Page, screen: string): Promise<void> => {
  await page.evaluate((name) => {
    location.hash = name;
    scrollTo(0, 0);
  }, screen);
  await page.locator(`main[data-page="${screen}"]`).waitFor();
};

/** As somebody would choose it in the settings; kept, so that it holds after a reload. */
const show = async (page: Page, { width, look, language }: View): Promise<void> => {
  await page.evaluate(
    ([chosen, tongue]) => {
      localStorage.setItem('look', chosen);
      localStorage.setItem('language', tongue);
    },
    [look, language] as const,
  );
  await page.setViewportSize({ width, height: HEIGHTS[width] });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.reload();
  await page.locator('main h2').first().waitFor({ timeout: 30_000 });
  await expect.poll(() => page.evaluate(() => document.documentElement.lang)).toBe(language);
};

const findings = async (page: Page): Promise<string[]> => {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    axe.run(document, {
      runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag22aa'] },
      resultTypes: ['violations'],
    }),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, any }) => `${id}: ${html.slice(0, 140)} (${any[0]?.message ?? ''})`),
    );
};

/** What makes the page scroll sideways: elements that reach past the screen, the innermost named. */
const tooWide = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const past = [...document.querySelectorAll('body *')].filter((element) => {
      const { left, right } = element.getBoundingClientRect();
      return right > clientWidth + 1 || left < -1;
    });
    return past
      .filter((element) => !past.some((other) => other !== element && element.contains(other)))
      .map((element) => element.outerHTML.slice(0, 120));
  });
