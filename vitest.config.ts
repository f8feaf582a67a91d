import { defineConfig } from 'vitest/config';
import { chromiumPath } from './test/chromium-path.ts';
import { LongFirst } from './test/long-first.ts';

const globalSetup = ['packages/testing/src/global-setup.ts'];
const exclude = ['**/node_modules/**', '**/dist/**'];
const inChromium = [
  'packages/**/*.chromium.test.ts',
  'examples/**/*.chromium.test.ts',
  'test/**/*.chromium.test.ts',
];

const chromium = chromiumPath();
if (chromium === null)
  console.warn(
    'Not run: the tests in Chromium. To run them: apt-get install chromium, or name one in CHROMIUM_PATH.',
  );
if (chromium === null && process.env.CI === 'true')
  throw new Error('CI runs the tests in Chromium: install it.');

// Tests run against the built packages where they start processes, and against
// the sources (through the `source` export condition) where they do not.
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    reporters: ['default', './test/summary-reporter.ts'],
    // Much of a test is waiting for PostgreSQL and for other processes: two fill two cores.
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'satchel',
          include: [
            'packages/*/src/**/*.test.ts',
            'packages/*/test/**/*.test.ts',
            'bench/src/**/*.test.ts',
            'examples/*/src/**/*.test.ts',
            'examples/*/test/**/*.test.ts',
            'test/**/*.test.ts',
          ],
          exclude: [...exclude, ...inChromium],
          globalSetup,
          env: {},
        },
      },
      {
        // The rooms whose SQL must hold on the oldest PostgreSQL too.
        extends: true,
        test: {
          name: 'postgres 15',
          include: ['packages/server/src/**/*.pg.test.ts'],
          exclude,
          globalSetup,
          env: { SATCHEL_TEST_POSTGRES: '15' },
        },
      },
      ...(chromium === null
        ? []
        : [
            {
              extends: true as const,
              test: {
                name: 'chromium',
                include: inChromium,
                exclude,
                globalSetup,
                env: { CHROMIUM_PATH: chromium },
              },
            },
          ]),
    ],
  },
});
