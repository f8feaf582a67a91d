import { readFile } from 'node:fs/promises';
import type { BenchReport } from './run.ts';

/**
 * What each line once was: its ratio to the machine's limit, or its figure where it has
 * no limit. By benchmark and line. Ratios outlive machines; figures do so less.
 */
export type Baselines = Readonly<Record<string, Readonly<Record<string, number>>>>;

const FILE = new URL('../baselines.json', import.meta.url);

export const readBaselines = async (): Promise<Baselines> =>
  JSON.parse(await readFile(FILE, 'utf8')) as Baselines;

export const baselineOf = (baselines: Baselines, benchmark: string, line: string): number | undefined =>
  baselines[benchmark]?.[line];

/** The text of `baselines.json` for a report. */
export const baselinesText = ({ benchmarks }: BenchReport): string => {
  const kept = benchmarks.map(({ name, lines }) => [
    name,
    Object.fromEntries(lines.map((line) => [line.name, Number((line.ratio ?? line.figure).toPrecision(3))])),
  ]);
  return `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`;
};
