import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const rows = readFileSync(join(root, 'docs/trials.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| \d+ \|/.test(line));

interface Named {
  readonly file: string;
  readonly title: string;
}
const testsOf = (row: string): Named[] =>
  [...row.matchAll(/`([\w./-]+\.test\.ts)`: `([^`]+)`/g)].map(([, file = '', title = '']) => ({
    file,
    title,
  }));

/** Also as it stands in a quoted text. */
const holds = (text: string, title: string): boolean =>
  text.includes(title) || text.includes(title.replaceAll("'", "\\'"));

describe('docs/trials.md', () => {
  it('[POINT-9] has a row for each of the 39 trials, in their order', () => {
    expect(rows.map((row) => Number(/^\| (\d+)/.exec(row)?.[1]))).toEqual(
      Array.from({ length: 39 }, (_, at) => at + 1),
    );
  });

  it('[POINT-9] names only tests that exist, and one at least for each trial', () => {
    const wrong = rows.flatMap((row) => {
      const tests = testsOf(row);
      if (tests.length === 0) return [row];
      return tests
        .filter(({ file, title }) => {
          const path = join(root, file);
          return !existsSync(path) || !holds(readFileSync(path, 'utf8'), title);
        })
        .map(({ file, title }) => `${file}: ${title}`);
    });
    expect(wrong).toEqual([]);
  });

  it('[POINT-9] says of each proved repair how it was taken out', () => {
    const silent = rows.filter((row) => /\| (proved|model)/.test(row) && /\|\s*\|$/.test(row));
    expect(silent).toEqual([]);
  });
});
