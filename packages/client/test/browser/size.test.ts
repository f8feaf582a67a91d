import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, defaultClientConditions } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Kilobytes (gzip) of what a browser loads of Satchel itself, without SQLite and without the app. */
const BUDGET = { core: 40, page: 45, worker: 82 };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'satchel-size-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const source = (name: string): string => fileURLToPath(new URL(`../../src/${name}`, import.meta.url));

/** Bundles a module for browsers and gives the text that is loaded at once. */
const bundled = async (name: string, text: string): Promise<string> => {
  const entry = join(folder, `${name}.js`);
  writeFileSync(entry, text);
  const built = await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['source', ...defaultClientConditions] },
    build: {
      write: false,
      target: 'esnext',
      lib: { entry, formats: ['es'], fileName: name },
      rollupOptions: { external: ['@sqlite.org/sqlite-wasm'] },
      minify: true,
    },
  });
  const chunks = new Map(
    (Array.isArray(built) ? built : [built])
      .flatMap((one) => ('output' in one ? one.output : []))
      .flatMap((one) => (one.type === 'chunk' ? [[one.fileName, one] as const] : [])),
  );
  // What is loaded on demand (cron texts) is not loaded at first.
  const reached = new Set(
    [...chunks.values()].filter(({ isEntry }) => isEntry).map((chunk) => chunk.fileName),
  );
  for (const file of reached) for (const next of chunks.get(file)?.imports ?? []) reached.add(next);
  return [...reached].map((file) => chunks.get(file)?.code ?? '').join('\n');
};

const kilobytes = (text: string): number => gzipSync(text, { level: 9 }).length / 1_024;

describe('what a browser loads', () => {
  const cases = [
    ['core', `export { openSatchel } from ${JSON.stringify(source('index.ts'))};`],
    [
      'page',
      `export { openSatchel } from ${JSON.stringify(source('index.ts'))}; export { browserPlatform } from ${JSON.stringify(source('browser.ts'))};`,
    ],
    ['worker', `export { runEngineWorker } from ${JSON.stringify(source('browser-worker.ts'))};`],
  ] as const;
  for (const [name, text] of cases)
    it(`[BROWSER-50] ${name}: within ${BUDGET[name]} KB gzip, and nothing of Node`, async () => {
      const code = await bundled(name, text);
      const size = kilobytes(code);
      process.stdout.write(`${name}: ${size.toFixed(1)} KB gzip, ${(code.length / 1_024).toFixed(0)} KB\n`);
      expect(code).not.toMatch(/from\s*["'](node:|ws|better-sqlite3)/);
      expect(code).not.toMatch(/__vite-browser-external|process\.binding/);
      expect(size).toBeLessThanOrEqual(BUDGET[name]);
    });
});
