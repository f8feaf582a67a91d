import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CASTS } from './cast.ts';
import { tableUnder } from './markdown-table.ts';
import { Runs } from './runs.ts';
import { Stage } from './stage.ts';
import { play } from './two-writers.ts';

const markdown = readFileSync(new URL('./cases.md', import.meta.url), 'utf8');
const twoWriters = tableUnder(markdown, 'Two writers');
const runs = tableUnder(markdown, 'Runs');

describe.each(Object.entries(CASTS))('two writers: %s', (name, cast) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open(cast);
  });
  afterAll(async () => {
    await stage?.close();
  });

  it.each(twoWriters.filter(({ app }) => app === name).map((line) => [line.id, line.case, line] as const))(
    '[%s] %s',
    async (_id, _case, line) => {
      await play(stage, line);
      expect(stage.field.log.filter(({ level }) => level === 'error')).toEqual([]);
    },
  );
});

describe.each(Object.entries(CASTS))('runs: %s', (name, cast) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open(cast);
  });
  afterAll(async () => {
    await stage?.close();
  });

  it.each(runs.filter(({ app }) => app === name).map((line) => [line.id, line.case, line] as const))(
    '[%s] %s',
    (_id, _case, line) => new Runs(stage, name).play(line),
  );
});

it('the number of cases', () => {
  const all = [...twoWriters, ...runs];
  console.log(`${all.length} cases`);
  const apps = new Set(Object.keys(CASTS));
  expect(all.filter(({ app = '' }) => !apps.has(app))).toEqual([]);
});
