import { execFileSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { type CampaignResult, runCoreSeeds, runWholeSeeds } from './campaign.ts';
import { failureText, firstNewSeed } from './new-seeds.ts';
import { stopSimulations } from './simulate.ts';

afterAll(stopSimulations);

/** Minutes that seeds are run for, all in all, at the most. */
const MINUTES = Number(process.env.SATCHEL_SIMULATE_MINUTES ?? 12);
/**
 * Without a number of minutes a run of tests comes to the same on a quick machine as on
 * a slow one: these many seeds of the whole system, of the fixed set and new ones.
 */
const AT_MOST = process.env.SATCHEL_SIMULATE_MINUTES === undefined ? { fixed: 20, fresh: 8 } : null;
const SHARES = { core: 1 / 12, fixed: 7 / 12, fresh: 4 / 12 };
/** The last of the fixed set; in little time only its first ones are run. */
const FIXED = 200;

const minutes = (share: number): number => MINUTES * share * 60_000;
/** A seed that began in time is ended, and may be made shorter. */
const timeout = MINUTES * 60_000 + 600_000;

const commit = (): string => {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
};

const judge = ({ kind, from, to, seeds, failures }: CampaignResult): void => {
  console.info(`${kind}: ${seeds} seeds from ${from} to ${to}`);
  expect(failures.map(failureText).join('\n')).toBe('');
  expect(seeds).toBeGreaterThan(0);
};

describe(`seeds, for ${MINUTES} minutes`, () => {
  const first = firstNewSeed(commit());

  it('[SIM-60] new seeds of the pure core, by the commit', { timeout }, async () => {
    const until = performance.now() + minutes(SHARES.core);
    judge(await runCoreSeeds({ seeds: { from: first, to: first, until } }));
  });

  it('[SIM-61] the fixed set of the whole system, from its first seed', { timeout }, async () => {
    const signal = AbortSignal.timeout(minutes(SHARES.fixed));
    judge(await runWholeSeeds({ seeds: { from: 1, to: AT_MOST?.fixed ?? FIXED, signal } }));
  });

  it('[SIM-62] new seeds of the whole system, by the commit', { timeout }, async () => {
    const until = performance.now() + minutes(SHARES.fresh);
    const seeds = AT_MOST
      ? { from: first, to: first + AT_MOST.fresh - 1, signal: AbortSignal.timeout(minutes(SHARES.fresh)) }
      : { from: first, to: first, until };
    judge(await runWholeSeeds({ seeds }));
  });
});
