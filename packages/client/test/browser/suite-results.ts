import { fileURLToPath } from 'node:url';
import { buildPage, launchChromium, servePage } from '@satchel/testing/chromium';
import type { TestResult } from '@satchel/testing/suite-in-page';

/** Builds a page of suites, runs it in Chromium, and gives each test's result. */
export const suiteResults = async (entry: URL): Promise<TestResult[]> => {
  const built = await buildPage({
    entry: fileURLToPath(entry),
    alias: { vitest: fileURLToPath(new URL('../../../testing/src/suite-in-page.ts', import.meta.url)) },
    minify: false,
  });
  const served = await servePage(built.directory);
  const browser = await launchChromium();
  try {
    const page = await browser.open(served.url);
    return await page.evaluate(() =>
      (globalThis as unknown as { suiteResults(): Promise<TestResult[]> }).suiteResults(),
    );
  } finally {
    await browser.close();
    browser.forget();
    await served.close();
    built.remove();
  }
};
