import { describe, expect, it } from 'vitest';
import { baselinesText } from './baselines.ts';
import { percentile } from './measure/statistics.ts';
import { renderReport } from './report.ts';
import { type BenchReport, type LineResult, runBench } from './run.ts';

const line = (over: Partial<LineResult>): LineResult => ({
  name: 'rate',
  what: 'rows',
  unit: 'rows/s',
  figure: 1_234_567,
  limitFigure: 2_000_000,
  ratio: 0.617,
  met: true,
  againstBaseline: null,
  target: { of: 'ratio', atLeast: 0.5 },
  ...over,
});

const report = (lines: readonly LineResult[], failure?: string): BenchReport => ({
  rows: 100_000,
  machine: { cores: 2, model: 'some', memory: 2 ** 34 },
  node: 'v20',
  seconds: 60,
  benchmarks: [
    {
      name: 'one',
      title: 'One thing',
      rounds: 3,
      lines,
      usage: { server: { cpu: 1.5, peak: 150 * 2 ** 20 } },
      seconds: 60,
      ...(failure === undefined ? {} : { failure }),
    },
  ],
});

describe('the report', () => {
  it('[BENCH-03] shows figure, limit, ratio, target, and whether it is met', () => {
    const text = renderReport(
      report([
        line({}),
        line({
          name: 'slow',
          what: 'slow',
          figure: 12.34,
          limitFigure: null,
          ratio: null,
          met: false,
          unit: 'ms',
        }),
      ]),
    );
    expect(text).toContain('1,234,567 rows/s');
    expect(text).toMatch(/0\.62\s+>= 0\.50 x limit\s+yes/);
    expect(text).toMatch(/12\.3 ms.*NO/);
    expect(text).toContain('server 1.50 s 150 MiB');
  });

  it('[BENCH-04] names what is off its baseline by more than a quarter, and what failed', () => {
    const text = renderReport(
      report([line({ againstBaseline: 1.5 }), line({ name: 'as-before', againstBaseline: 1.1 })], 'no disk'),
    );
    expect(text).toContain('one rate: x 1.50');
    expect(text).not.toContain('one as-before:');
    expect(text).toContain('failed: no disk');
  });

  it('[BENCH-05] gives baselines: the ratio, or the figure where there is no limit', () => {
    expect(
      JSON.parse(baselinesText(report([line({}), line({ name: 'plain', ratio: null, figure: 5 })]))),
    ).toEqual({
      one: { rate: 0.617, plain: 5 },
    });
  });

  it('[BENCH-06] an unknown name is wrong usage, before anything is started', async () => {
    const wrong = runBench({ only: ['nothing'], signal: new AbortController().signal, say: () => {} });
    await expect(wrong).rejects.toMatchObject({ code: 'usage' });
  });

  it('[BENCH-07] percentiles are values that were measured', () => {
    expect(percentile([5, 1, 4, 2, 3], 0.5)).toBe(3);
    expect(percentile([1, 2, 3, 4], 0.5)).toBe(2);
    expect(percentile([1, 2, 3, 4], 0.95)).toBe(4);
  });
});
