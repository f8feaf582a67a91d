import { defineConfig } from 'vitest/config';

const globalSetup = ['packages/testing/src/global-setup.ts'];
const exclude = ['**/node_modules/**', '**/dist/**'];

// Tests run against the built packages where they start processes, and against
// the sources (through the `source` export condition) where they do not.
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    reporters: ['default', './test/summary-reporter.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'satchel',
          include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
          exclude,
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
    ],
  },
});
