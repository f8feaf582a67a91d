import { availableParallelism, cpus, totalmem } from 'node:os';
import { SatchelError } from '@satchel/protocol';
import { type Baselines, baselineOf, readBaselines } from './baselines.ts';
import type { Benchmark, Line, Measured, Side } from './benchmark.ts';
import { BENCHMARKS } from './benchmarks.ts';
import { median } from './measure/statistics.ts';
import type { Usage } from './measure/usage.ts';
import { DEFAULT_ROWS, World } from './world.ts';

export interface BenchOptions {
  /** Names of benchmarks; default all. */
  readonly only?: readonly string[];
  /** Rows that the server has; default 100,000. Above that, growth is measured too. */
  readonly rows?: number;
  /** Rounds, of which the median counts; default 3. */
  readonly rounds?: number;
  /** Folder for a CPU profile of every process. */
  readonly profiles?: string;
  readonly signal: AbortSignal;
  /** Hears what is under way. */
  readonly say: (text: string) => void;
}

/** One line of the table, measured. */
export interface LineResult extends Line {
  readonly figure: number;
  readonly limitFigure: number | null;
  /** Figure to limit, of the same round; the median of the rounds. */
  readonly ratio: number | null;
  readonly met: boolean | null;
  /** The ratio, or the figure where there is no limit, to that of the baselines; null where these know nothing of it. */
  readonly againstBaseline: number | null;
}

export interface BenchmarkResult {
  readonly name: string;
  readonly title: string;
  readonly rounds: number;
  readonly lines: readonly LineResult[];
  /** Medians of CPU seconds, the highest peaks of memory. */
  readonly usage: Readonly<Partial<Record<Side, Usage>>>;
  readonly seconds: number;
  /** Why it gave no figures. */
  readonly failure?: string;
}

export interface BenchReport {
  readonly rows: number;
  readonly machine: { readonly cores: number; readonly model: string; readonly memory: number };
  readonly node: string;
  readonly seconds: number;
  readonly benchmarks: readonly BenchmarkResult[];
}

/**
 * Runs the benchmarks on a PostgreSQL of their own, each round beside the machine's own
 * limit. Leaves no process and no folder behind.
 *
 * @throws `usage` for a name that is no benchmark's
 */
export const runBench = async (options: BenchOptions): Promise<BenchReport> => {
  const { rows = DEFAULT_ROWS, rounds = 3, signal, say } = options;
  const chosen = choose(options.only, rows);
  const baselines = await readBaselines();
  const started = performance.now();
  const world = await World.open({
    rows,
    signal,
    ...(options.profiles === undefined ? {} : { profiles: options.profiles }),
  });
  const benchmarks: BenchmarkResult[] = [];
  try {
    for (const benchmark of chosen) {
      signal.throwIfAborted();
      say(benchmark.title);
      benchmarks.push(await measure(benchmark, world, rounds, baselines, signal));
    }
  } finally {
    await world.close();
  }
  return {
    rows,
    machine: { cores: availableParallelism(), model: cpus()[0]?.model ?? '', memory: totalmem() },
    node: process.version,
    seconds: (performance.now() - started) / 1_000,
    benchmarks,
  };
};

/** Milliseconds after which a round, or what comes before the first, has failed. With many rows there is more to load. */
const DEADLINE = 600_000;

const within = async <T>(ms: number, signal: AbortSignal, work: Promise<T>): Promise<T> => {
  let end = (): void => undefined;
  const ended = new Promise<never>((_, failed) => {
    const timer = setTimeout(() => failed(new Error(`no end within ${ms / 1_000} s`)), ms);
    const stop = (): void => failed(signal.reason);
    signal.addEventListener('abort', stop);
    end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    };
  });
  signal.throwIfAborted();
  try {
    return await Promise.race([work, ended]);
  } finally {
    end();
  }
};

const choose = (only: readonly string[] | undefined, rows: number): readonly Benchmark[] => {
  for (const name of only ?? []) {
    if (BENCHMARKS.some((one) => one.name === name)) continue;
    const names = BENCHMARKS.map((one) => one.name).join(', ');
    throw new SatchelError('usage', { detail: `There is no benchmark ${name}; there are ${names}` });
  }
  return BENCHMARKS.filter(({ name, fromRows = 0 }) => rows >= fromRows && (only?.includes(name) ?? true));
};

const measure = async (
  benchmark: Benchmark,
  world: World,
  wanted: number,
  baselines: Baselines,
  signal: AbortSignal,
): Promise<BenchmarkResult> => {
  const started = performance.now();
  const { name, title } = benchmark;
  const count = Math.min(wanted, benchmark.maxRounds ?? wanted);
  const rounds: Measured[] = [];
  let failure: string | undefined;
  try {
    const round = await within(DEADLINE, signal, benchmark.open(world));
    for (let at = 0; at < (benchmark.warmUps ?? 0); at++) await within(DEADLINE, signal, round());
    for (let at = 0; at < count; at++) rounds.push(await within(DEADLINE, signal, round()));
  } catch (error) {
    if (signal.aborted) throw error;
    failure = error instanceof Error ? error.message : String(error);
  } finally {
    await world.clear();
  }
  return {
    name,
    title,
    rounds: rounds.length,
    lines:
      rounds.length === 0 ? [] : benchmark.lines.map((line) => lineResult(name, line, rounds, baselines)),
    usage: usageOf(rounds),
    seconds: (performance.now() - started) / 1_000,
    ...(failure === undefined ? {} : { failure }),
  };
};

const lineResult = (
  benchmark: string,
  line: Line,
  rounds: readonly Measured[],
  baselines: Baselines,
): LineResult => {
  const figure = median(rounds.map(({ figures }) => figures[line.name] ?? Number.NaN));
  const limited = rounds.filter(({ limits }) => limits?.[line.name] !== undefined);
  const limitFigure = limited.length === 0 ? null : median(limited.map(({ limits }) => limits![line.name]!));
  const ratio =
    limited.length === 0
      ? null
      : median(
          limited.map(({ figures, limits }) => (figures[line.name] ?? Number.NaN) / limits![line.name]!),
        );
  const compared = ratio ?? figure;
  const baseline = baselineOf(baselines, benchmark, line.name);
  return {
    ...line,
    figure,
    limitFigure,
    ratio,
    met: isMet(line, figure, ratio),
    againstBaseline: baseline === undefined ? null : compared / baseline,
  };
};

const isMet = ({ target }: Line, figure: number, ratio: number | null): boolean | null => {
  if (!target) return null;
  const value = target.of === 'figure' ? figure : ratio;
  if (value === null || Number.isNaN(value)) return null;
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
};

const SIDES: readonly Side[] = ['server', 'postgres', 'client'];

const usageOf = (rounds: readonly Measured[]): BenchmarkResult['usage'] =>
  Object.fromEntries(
    SIDES.flatMap((side) => {
      const usages = rounds.flatMap(({ usage }) => usage?.[side] ?? []);
      if (usages.length === 0) return [];
      const peaks = usages.flatMap(({ peak }) => peak ?? []);
      const usage: Usage = {
        cpu: median(usages.map(({ cpu }) => cpu)),
        peak: peaks.length === 0 ? null : Math.max(...peaks),
      };
      return [[side, usage]];
    }),
  );
