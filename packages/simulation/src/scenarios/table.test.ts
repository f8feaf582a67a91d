import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runnable, SCENARIOS } from './table.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** The reliability plan numbers its scenarios up to 35 and leaves these out. */
const LEFT_OUT = [3, 9, 13, 18, 25, 28];

it('[SIM-SCEN-02] every scenario of the plan is a run, is proven elsewhere, or says why not yet', () => {
  const numbers = Array.from({ length: 35 }, (_, at) => at + 1).filter((one) => !LEFT_OUT.includes(one));
  expect(Object.keys(SCENARIOS).map(Number)).toEqual(numbers);
  for (const shown of Object.values(SCENARIOS)) {
    if (shown.by === 'not-yet') expect(shown.why).not.toBe('');
    if (shown.by !== 'elsewhere') continue;
    expect(existsSync(`${root}${shown.file}`), shown.file).toBe(true);
    expect(readFileSync(`${root}${shown.file}`, 'utf8')).toContain(`[${shown.rule}]`);
  }
});

it('[SIM-SCEN-03] a scenario is found under its name', () => {
  const names = runnable().map(({ scenario }) => scenario.name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names)
    expect(existsSync(fileURLToPath(new URL(`${name}.ts`, import.meta.url))), name).toBe(true);
});
