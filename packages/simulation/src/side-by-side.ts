import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type CampaignResult, type Failure, runWholeSeeds, type WholeOptions } from './campaign.ts';

/** What a worker is asked for; a signal and a callback do not travel. */
export interface Share {
  readonly options: Omit<WholeOptions, 'onSeed' | 'seeds'> & {
    readonly seeds: { readonly from: number; readonly to: number; readonly every: number };
  };
  /** Milliseconds in which further seeds begin; `null`: the range alone counts. */
  readonly forMs: number | null;
}

/** What a worker tells. */
export type Told =
  | { readonly kind: 'seed'; readonly seed: number; readonly hash: string; readonly failed: boolean }
  | { readonly kind: 'result'; readonly result: CampaignResult };

const WORKER = fileURLToPath(new URL('./side-by-side-worker.js', import.meta.url));

/**
 * Runs seeds on the whole system in several processes, each with a PostgreSQL of its own:
 * worker k of n takes every n-th seed. What a seed comes to does not depend on it.
 *
 * @throws Error when a worker ends before it has told its result
 */
export const runWholeSideBySide = async (options: WholeOptions, workers: number): Promise<CampaignResult> => {
  if (workers <= 1) return runWholeSeeds(options);
  const started = performance.now();
  const { seeds, onSeed, ...given } = options;
  const forMs = seeds.until === undefined ? null : seeds.until - started;
  const results = await Promise.all(
    Array.from({ length: workers }, (_, at) =>
      runShare(
        { options: { ...given, seeds: { from: seeds.from + at, to: seeds.to, every: workers } }, forMs },
        seeds.signal,
        onSeed,
      ),
    ),
  );
  return { ...together(results), from: seeds.from, realMs: performance.now() - started };
};

const runShare = (
  share: Share,
  signal: AbortSignal | undefined,
  onSeed: WholeOptions['onSeed'],
): Promise<CampaignResult> =>
  new Promise((resolve, reject) => {
    const worker = fork(WORKER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    let result: CampaignResult | undefined;
    // It ends its seed, its PostgreSQL and itself, and tells what it has.
    const stop = (): void => void worker.send('stop');
    signal?.addEventListener('abort', stop, { once: true });
    worker.on('message', (told: Told) => {
      if (told.kind === 'seed') onSeed?.(told.seed, told.hash, told.failed);
      else result = told.result;
    });
    worker.once('error', reject);
    worker.once('exit', (code) => {
      signal?.removeEventListener('abort', stop);
      if (result) resolve(result);
      else reject(new Error(`a worker ended with ${code} before its seeds were run`));
    });
    worker.send(share);
  });

const summed = (counts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> => {
  const sums: Record<string, number> = {};
  for (const one of counts)
    for (const [name, count] of Object.entries(one)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
};

const together = (results: readonly CampaignResult[]): CampaignResult => {
  const sum = (of: (result: CampaignResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const bySeed = (one: Failure, other: Failure): number => one.seed - other.seed;
  return {
    kind: 'whole',
    from: Math.min(...results.map(({ from }) => from)),
    to: Math.max(...results.map(({ to }) => to)),
    seeds: sum(({ seeds }) => seeds),
    steps: results[0]?.steps ?? 0,
    failures: results.flatMap(({ failures }) => failures).sort(bySeed),
    faults: summed(results.map(({ faults }) => faults)),
    pairs: summed(results.map(({ pairs }) => pairs)),
    virtualMs: sum(({ virtualMs }) => virtualMs),
    deviceMs: sum(({ deviceMs }) => deviceMs),
    realMs: Math.max(...results.map(({ realMs }) => realMs)),
    commits: sum(({ commits }) => commits),
    healedWithin: results.flatMap(({ healedWithin }) => healedWithin),
    searched: sum(({ searched }) => searched),
    replayed: sum(({ replayed }) => replayed),
    replayedAlike: sum(({ replayedAlike }) => replayedAlike),
  };
};
