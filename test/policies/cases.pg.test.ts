import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CASTS } from './cast.ts';
import { tableUnder } from './markdown-table.ts';
import { Requests } from './requests.ts';
import { Runs } from './runs.ts';
import { Stage } from './stage.ts';
import { play } from './two-writers.ts';

const markdown = readFileSync(new URL('./cases.md', import.meta.url), 'utf8');
const twoWriters = tableUnder(markdown, 'Two writers');
const runs = tableUnder(markdown, 'Runs');
const requests = tableUnder(markdown, 'Requests');

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

describe.each(Object.entries(CASTS).filter(([name]) => requests.some(({ app }) => app === name)))(
  'requests: %s',
  (name, cast) => {
    let stage: Stage;
    let asked: Requests;
    beforeAll(async () => {
      stage = await Stage.open(cast);
      asked = new Requests(stage);
    });
    afterAll(async () => {
      await stage?.close();
    });

    it.each(requests.filter(({ app }) => app === name).map((line) => [line.id, line.case, line] as const))(
      '[%s] %s',
      (_id, _case, line) => asked.play(line),
    );
  },
);

/** Disagreements of the documents that are no case of data: where they are settled. */
const ELSEWHERE = {
  D21: 'the words of the indicator: packages/react',
  D22: 'transfer of media is not there yet',
  D23: 'every storage passes one suite: packages/testing/src/driver-contract.ts',
  D29: 'backup is not there yet',
};

it('every disagreement has a case, and the number of cases is told', () => {
  const all = [...twoWriters, ...runs, ...requests];
  console.log(`${all.length} cases`);
  expect(all.filter(({ app = '' }) => !Object.hasOwn(CASTS, app))).toEqual([]);
  const settled = new Set([...all.flatMap(({ id = '' }) => id.split(', ')), ...Object.keys(ELSEWHERE)]);
  const every = Array.from({ length: 33 }, (_, n) => `D${n + 1}`);
  expect(every.filter((id) => !settled.has(id))).toEqual([]);
});
