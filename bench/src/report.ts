import type { Target, Unit } from './benchmark.ts';
import type { BenchmarkResult, BenchReport, LineResult } from './run.ts';

const MIB = 1_048_576;
/** A line counts as changed when it is off its baseline by more than this share: machines are noisy. */
const NOISE = 0.25;

/** The report as a table for people. */
export const renderReport = (report: BenchReport): string => {
  const { machine, rows, node, seconds, benchmarks } = report;
  const head = [
    `${machine.cores} cores (${machine.model}), ${Math.round(machine.memory / 2 ** 30)} GiB, Node ${node}, ${number(rows)} rows, ${Math.round(seconds)} s`,
  ];
  const cells = benchmarks.flatMap((benchmark) => [
    [benchmark.title],
    ...benchmark.lines.map(cellsOf),
    ...usageRow(benchmark),
    ...(benchmark.failure === undefined ? [] : [[`  failed: ${benchmark.failure.split('\n')[0]}`]]),
  ]);
  const table = [['', 'figure', 'limit', 'ratio', 'target', 'met', 'baseline'], ...cells];
  return `${[...head, '', ...aligned(table), '', ...changes(benchmarks)].join('\n')}\n`;
};

const cellsOf = (line: LineResult): string[] => [
  `  ${line.what}`,
  withUnit(line.figure, line.unit),
  line.limitFigure === null ? '' : withUnit(line.limitFigure, line.unit),
  line.ratio === null ? '' : number(line.ratio),
  line.target ? targetText(line.target, line.unit) : '',
  line.met === null ? '' : line.met ? 'yes' : 'NO',
  line.againstBaseline === null ? '' : `x ${number(line.againstBaseline)}`,
];

const targetText = (target: Target, unit: Unit): string => {
  const [sign, value] = 'atMost' in target ? ['<=', target.atMost] : ['>=', target.atLeast];
  return target.of === 'figure' ? `${sign} ${withUnit(value, unit)}` : `${sign} ${number(value)} x limit`;
};

const usageRow = ({ usage }: BenchmarkResult): string[][] => {
  const parts = Object.entries(usage).map(
    ([side, { cpu, peak }]) =>
      `${side} ${cpu.toFixed(2)} s${peak === null ? '' : ` ${Math.round(peak / MIB)} MiB`}`,
  );
  return parts.length === 0 ? [] : [[`  (CPU and peak memory: ${parts.join(', ')})`]];
};

const changes = (benchmarks: readonly BenchmarkResult[]): string[] => {
  const changed = benchmarks.flatMap(({ name, lines }) =>
    lines.flatMap(({ name: line, againstBaseline }) =>
      againstBaseline !== null && Math.abs(Math.log(againstBaseline)) > Math.log(1 + NOISE)
        ? [`  ${name} ${line}: x ${number(againstBaseline)}`]
        : [],
    ),
  );
  return changed.length === 0
    ? ['Nothing is off the baselines by more than a quarter.']
    : ['Off the baselines by more than a quarter (machines are noisy; this fails nothing):', ...changed];
};

const withUnit = (value: number, unit: Unit): string => `${number(value)} ${unit}`;

const number = (value: number): string => {
  if (!Number.isFinite(value)) return '?';
  const size = Math.abs(value);
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
  return value.toFixed(digits).replace(/\B(?=(\d{3})+$)/g, digits === 0 ? ',' : '');
};

/** Lines of one cell are headings and take no part in the columns' widths. */
const aligned = (table: readonly (readonly string[])[]): string[] => {
  const full = table.filter((cells) => cells.length > 1);
  const widths = (full[0] ?? []).map((_, column) => Math.max(...full.map((cells) => cells[column]!.length)));
  return table.map((cells) =>
    cells.length === 1
      ? cells[0]!
      : cells
          .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
          .join('  ')
          .trimEnd(),
  );
};
