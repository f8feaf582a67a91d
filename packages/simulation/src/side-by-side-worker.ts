import { runWholeSeeds } from './campaign.ts';
import type { Share, Told } from './side-by-side.ts';
import { stopSimulations } from './simulate.ts';

/* A process of `runWholeSideBySide`: runs its share of the seeds, tells it, and ends. */

const tell = (told: Told): Promise<void> =>
  new Promise((done) => {
    process.send?.(told, undefined, {}, () => done());
  });

const stopped = new AbortController();

process.on('message', async (asked: Share | 'stop') => {
  if (asked === 'stop') return stopped.abort();
  const { options, forMs } = asked;
  try {
    const result = await runWholeSeeds({
      ...options,
      seeds: {
        ...options.seeds,
        signal: stopped.signal,
        ...(forMs !== null && { until: performance.now() + forMs }),
      },
      onSeed: (seed, hash, failed) => void tell({ kind: 'seed', seed, hash, failed }),
    });
    await tell({ kind: 'result', result });
  } finally {
    await stopSimulations();
    process.disconnect();
  }
});
