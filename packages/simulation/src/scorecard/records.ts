import { readFile, writeFile } from 'node:fs/promises';
import type { CampaignResult } from '../campaign.ts';
import type { Hunted } from '../planted/run-planted.ts';
import { medianSeeds } from '../planted/run-planted.ts';

/** Where a figure comes from: without its command it does not count. */
export interface RunFacts {
  readonly command: string;
  readonly commit: string;
  readonly machine: string;
  /** ISO date of the end of the run. */
  readonly date: string;
}

/** A campaign of seeds, kept. */
export interface SeedsRecord extends RunFacts {
  readonly kind: 'core' | 'whole';
  readonly seeds: readonly [from: number, to: number];
  readonly ran: number;
  readonly steps: number;
  readonly failed: readonly number[];
  readonly byInvariant: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** Seeds in which faults of both families happened, by pair. Runs that were kept before it was counted have none. */
  readonly pairs?: Readonly<Record<string, number>>;
  readonly deviceHours: number;
  readonly virtualOverReal: number;
  readonly seedsPerSecond: number;
  readonly commits: number;
  readonly healedP50: number | null;
  readonly healedP99: number | null;
  readonly searched: number;
  readonly replayed: number;
  readonly replayedAlike: number;
}

/** A hunt for the planted bugs, kept. */
export interface PlantedRecord extends RunFacts {
  readonly kind: 'planted';
  readonly bugs: number;
  readonly caught: number;
  readonly median: number | null;
  readonly missed: readonly string[];
  readonly seedsByBug: Readonly<Record<string, number | null>>;
}

/** What a scenario, or a test with real processes, counted; it is kept only of runs in which nothing was wrong. */
export interface CountedRecord extends RunFacts {
  readonly kind: 'counted';
  /** Name of the scenario or the test. */
  readonly by: string;
  readonly figures: Readonly<Record<string, number>>;
}

export type ReliabilityRecord = SeedsRecord | PlantedRecord | CountedRecord;

const percentile = (values: readonly number[], share: number): number | null => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
};

const rounded = (value: number): number => Number(value.toPrecision(3));

export const recordOfSeeds = (result: CampaignResult, facts: RunFacts): SeedsRecord => {
  const byInvariant: Record<string, number> = {};
  for (const { violations } of result.failures) {
    const [first] = violations;
    if (first) byInvariant[first.invariant] = (byInvariant[first.invariant] ?? 0) + 1;
  }
  return {
    kind: result.kind,
    ...facts,
    seeds: [result.from, result.to],
    ran: result.seeds,
    steps: result.steps,
    failed: result.failures.map(({ seed }) => seed),
    byInvariant,
    faults: result.faults,
    pairs: result.pairs,
    deviceHours: rounded(result.deviceMs / 3_600_000),
    virtualOverReal: rounded(result.virtualMs / Math.max(1, result.realMs)),
    seedsPerSecond: rounded((1_000 * result.seeds) / Math.max(1, result.realMs)),
    commits: result.commits,
    healedP50: percentile(result.healedWithin, 0.5),
    healedP99: percentile(result.healedWithin, 0.99),
    searched: result.searched,
    replayed: result.replayed,
    replayedAlike: result.replayedAlike,
  };
};

export const recordOfHunt = (hunted: readonly Hunted[], facts: RunFacts): PlantedRecord => ({
  kind: 'planted',
  ...facts,
  bugs: hunted.length,
  caught: hunted.filter(({ seeds }) => seeds !== null).length,
  median: medianSeeds(hunted),
  missed: hunted.filter(({ seeds }) => seeds === null).map(({ bug }) => bug.name),
  seedsByBug: Object.fromEntries(hunted.map(({ bug, seeds }) => [bug.name, seeds])),
});

/** The records that a file keeps; none when there is no such file. */
export const readRecords = async (file: string): Promise<readonly ReliabilityRecord[]> => {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  return (JSON.parse(text) as { readonly runs: readonly ReliabilityRecord[] }).runs;
};

export const appendRecord = async (file: string, record: ReliabilityRecord): Promise<void> => {
  const runs = [...(await readRecords(file)), record];
  await writeFile(file, `${JSON.stringify({ runs }, null, 2)}\n`);
};
