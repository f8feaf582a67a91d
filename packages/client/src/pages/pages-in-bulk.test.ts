import { describe, vi } from 'vitest';

// The same rules over a driver that takes rows in by one `json_each` statement for many.
vi.mock('../platform/node/better-sqlite3-driver.ts', async (original) => {
  const real = await original<typeof import('../platform/node/better-sqlite3-driver.ts')>();
  const openBetterSqlite3 = (path: string) =>
    Object.defineProperty(real.openBetterSqlite3(path), 'bulk', { value: 'json-each' });
  return { ...real, openBetterSqlite3 };
});

describe('rows taken in bulk', async () => {
  await import('./pages.test.ts');
  await import('./holds.property.test.ts');
  await import('../outbox/laws.property.test.ts');
  await import('../verify/verify.test.ts');
});
