import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const folder = dirname(fileURLToPath(import.meta.url));

test('[SIM-ORACLE-01] the oracle shares no code with the engine: it imports nothing but itself', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  expect(files.length).toBeGreaterThan(4);
  const wrong = files.flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/from '([^']+)'|import\('([^']+)'\)/g)]
      .map(([, named, dynamic]) => named ?? dynamic ?? '')
      .filter((specifier) => !/^\.\/[a-z-]+\.ts$/.test(specifier))
      .map((specifier) => `${name} imports ${specifier}`),
  );
  expect(wrong).toEqual([]);
});
