import { expect, it } from 'vitest';
import type { SyncRun } from '../engine.ts';
import { RunsToTell } from './runs-to-tell.ts';

const run = (startedAt: number, code?: string): SyncRun => ({
  startedAt,
  endedAt: startedAt + 5,
  trigger: 'schedule',
  sent: 10,
  received: 20,
  rowsDown: 1,
  mutationsUp: 2,
  outcomes: {},
  ...(code === undefined ? {} : { problem: { code, params: { secret: 'x' } } }),
});
const starts = (runs: RunsToTell, now: number) => runs.take(now).map(({ startedAt }) => startedAt);

it('[CL-RUNS-01] a run is told with the next one, once, and its failure by its code alone', () => {
  const runs = new RunsToTell([]);
  expect(runs.take(0)).toEqual([]);
  runs.ended(run(1, 'server_busy'), 6);
  const [told] = runs.take(7);
  expect(told).toEqual({
    startedAt: 1,
    endedAt: 6,
    trigger: 'schedule',
    sent: 10,
    received: 20,
    rowsDown: 1,
    mutationsUp: 2,
    problem: 'server_busy',
  });
  expect(runs.take(8)).toEqual([]);
  runs.ended(run(7), 12);
  expect(starts(runs, 30_000)).toEqual([7]);
});

it('[CL-RUNS-01] what was told in a run that failed is told again', () => {
  const runs = new RunsToTell([]);
  runs.ended(run(1), 6);
  expect(starts(runs, 7)).toEqual([1]);
  runs.ended(run(7, 'network_unreachable'), 12);
  expect(starts(runs, 13)).toEqual([1, 7]);
  runs.ended(run(13), 18);
  expect(starts(runs, 60_000)).toEqual([13]);
});

it('[CL-RUNS-02] runs that go through are told every ten seconds at most', () => {
  const runs = new RunsToTell([]);
  runs.ended(run(1), 6);
  expect(starts(runs, 7)).toEqual([1]);
  runs.ended(run(7), 12);
  expect(starts(runs, 13)).toEqual([]);
  runs.ended(run(13), 18);
  expect(starts(runs, 10_012)).toEqual([7, 13]);
});

it('[CL-RUNS-03] after a restart the runs since the last that went through are told, that one with them', () => {
  const runs = new RunsToTell([run(4, 'x'), run(3, 'y'), run(2), run(1)]);
  expect(starts(runs, 10)).toEqual([2, 3, 4]);
});
