import type { Violation } from './checker.ts';
import { CHECKERS } from './checkers/all-checkers.ts';
import { CORE_FAULTS, type CoreFault, runCore } from './core-runner/run-core.ts';
import { pairsMet } from './fault-cover.ts';
import { FAULTS, type Fault, familyPairs, noFaultsFired } from './faults.ts';
import { type Plan, planOf, STEPS_OF_A_SEED } from './plan.ts';
import type { SimulationResult } from './run.ts';
import { shrinkPlan } from './shrink-plan.ts';
import { runSimulation } from './simulate.ts';

/** Which seeds to run, and for how long. */
export interface Seeds {
  readonly from: number;
  /** Last seed; with `until` seeds go on beyond it. */
  readonly to: number;
  /** Takes every n-th of them. Default 1. */
  readonly every?: number;
  /** Real time, in the milliseconds of `performance.now()`, at which no further seed begins. */
  readonly until?: number;
  readonly signal?: AbortSignal;
}

/** A seed that broke an invariant. */
export interface Failure {
  readonly seed: number;
  readonly steps: number;
  readonly violations: readonly Pick<Violation, 'invariant' | 'message'>[];
  /** The shortest trace found: what was done, line by line. */
  readonly trace: readonly string[];
  /** Words after `satchel simulate` that run it again. */
  readonly rerun: string;
}

/** What a campaign of seeds came to. */
export interface CampaignResult {
  readonly kind: 'core' | 'whole';
  readonly from: number;
  readonly to: number;
  readonly seeds: number;
  readonly steps: number;
  readonly failures: readonly Failure[];
  readonly faults: Readonly<Record<string, number>>;
  /** Seeds in which faults of both families happened, by pair: `client+network`. Empty for the core. */
  readonly pairs: Readonly<Record<string, number>>;
  /** Simulated milliseconds: of the world, and summed over its devices. */
  readonly virtualMs: number;
  readonly deviceMs: number;
  readonly realMs: number;
  /** Mutations that the server settled (`core` only). */
  readonly commits: number;
  /** Milliseconds from the end of the faults until all was at rest, for each seed that came to rest. */
  readonly healedWithin: readonly number[];
  /** Messages that were searched for what their receiver may not see (`whole` only). */
  readonly searched: number;
  /** Seeds that were run twice, and how many of them gave the same trace hash. */
  readonly replayed: number;
  readonly replayedAlike: number;
}

export interface CampaignOptions {
  readonly seeds: Seeds;
  readonly steps?: number;
  /** Runs each seed a second time and compares the hashes. */
  readonly twice?: boolean;
  readonly onSeed?: (seed: number, hash: string, failed: boolean) => void;
}

class Tally {
  seeds = 0;
  to = 0;
  virtualMs = 0;
  deviceMs = 0;
  commits = 0;
  searched = 0;
  replayed = 0;
  replayedAlike = 0;
  readonly healedWithin: number[] = [];
  readonly failures: Failure[] = [];
  readonly faults: Record<string, number>;
  readonly pairs: Record<string, number>;
  readonly #started = performance.now();

  constructor(faults: Record<string, number>, pairs: readonly string[]) {
    this.faults = faults;
    this.pairs = Object.fromEntries(pairs.map((pair) => [pair, 0]));
  }

  take(seed: number, fired: Readonly<Record<string, number>>): void {
    this.seeds++;
    this.to = seed;
    for (const [fault, count] of Object.entries(fired))
      this.faults[fault] = (this.faults[fault] ?? 0) + count;
    const families = Object.entries(fired).flatMap(([fault, count]) =>
      count > 0 ? [FAULTS[fault as Fault].family] : [],
    );
    for (const pair of pairsMet(families)) if (pair in this.pairs) this.pairs[pair]! += 1;
  }

  result(kind: 'core' | 'whole', from: number, steps: number): CampaignResult {
    const { to, seeds, failures, faults, pairs, virtualMs, deviceMs, commits, healedWithin } = this;
    const { searched, replayed, replayedAlike } = this;
    const realMs = performance.now() - this.#started;
    return {
      kind,
      from,
      to,
      seeds,
      steps,
      failures,
      faults,
      pairs,
      virtualMs,
      deviceMs,
      realMs,
      commits,
      healedWithin,
      searched,
      replayed,
      replayedAlike,
    };
  }
}

const goesOn = ({ to, until, signal }: Seeds, seed: number): boolean =>
  signal?.aborted !== true && (until === undefined ? seed <= to : performance.now() < until);

const CORE_STEPS = 40;
/** Failures of one campaign that are made shorter, and the real time for each. */
const SHRUNK = 3;
const SHRINK_MS = 60_000;

/** How many steps of a core seed are needed for it to fail. */
const shortestCore = (seed: number, steps: number): number => {
  for (let fewer = 1; fewer < steps; fewer++) {
    if (runCore({ seed, steps: fewer }).violations.length > 0) return fewer;
  }
  return steps;
};

/** Runs seeds on the pure core. Yields to the event loop now and then, so that it can be stopped. */
export const runCoreSeeds = async (options: CampaignOptions): Promise<CampaignResult> => {
  const { seeds, steps = CORE_STEPS, twice = false, onSeed } = options;
  const tally = new Tally(Object.fromEntries(CORE_FAULTS.map((fault: CoreFault) => [fault, 0])), []);
  for (let seed = seeds.from; goesOn(seeds, seed); seed++) {
    const run = runCore({ seed, steps });
    tally.take(seed, run.faults);
    tally.virtualMs += run.virtualMs;
    tally.deviceMs += run.deviceMs;
    tally.commits += run.commits;
    if (twice) {
      tally.replayed++;
      if (runCore({ seed, steps }).traceHash === run.traceHash) tally.replayedAlike++;
    }
    if (run.violations.length > 0) {
      const fewest = shortestCore(seed, steps);
      const shortest = runCore({ seed, steps: fewest, keepTrace: true });
      tally.failures.push({
        seed,
        steps: fewest,
        violations: shortest.violations,
        trace: shortest.trace,
        rerun: `--core --seed ${seed} --steps ${fewest}`,
      });
    }
    onSeed?.(seed, run.traceHash, run.violations.length > 0);
    if (seed % 200 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return tally.result('core', seeds.from, steps);
};

export interface WholeOptions extends CampaignOptions {
  /** Faults that may come up; by default those of each seed's own families. */
  readonly faults?: readonly Fault[];
  /** Only these steps of the plan, by their numbers. */
  readonly only?: readonly number[];
  /** Runs that shrinking a failure may take. Default 30. */
  readonly shrink?: number;
}

/** Runs seeds on the whole system, with every checker looking on. */
export const runWholeSeeds = async (options: WholeOptions): Promise<CampaignResult> => {
  const { seeds, steps = STEPS_OF_A_SEED, twice = false, onSeed, only } = options;
  const tally = new Tally(
    noFaultsFired(),
    familyPairs().map((pair) => pair.join('+')),
  );
  for (let seed = seeds.from; goesOn(seeds, seed); seed += seeds.every ?? 1) {
    const { faults } = options;
    const given = { seed, steps, checkers: CHECKERS, ...(faults && { faults }) };
    const plan = only && keepOnly(planOf(seed, steps, faults), only);
    let run: SimulationResult;
    try {
      run = await runSimulation({ ...given, ...(plan && { plan }) });
    } catch (error) {
      // The simulation itself fell over: told with its seed, and the seeds after it are run all the same.
      tally.take(seed, {});
      tally.failures.push(fallen(seed, steps, faults, only, error));
      onSeed?.(seed, '', true);
      continue;
    }
    tally.take(seed, run.faultsFired);
    tally.virtualMs += run.virtualMs;
    tally.deviceMs += run.deviceMs;
    tally.searched += run.history.filter(({ kind }) => kind === 'received').length;
    if (run.healedWithin !== null) tally.healedWithin.push(run.healedWithin);
    if (twice) {
      const again = await runSimulation({ ...given, ...(plan && { plan }) });
      tally.replayed++;
      if (again.traceHash === run.traceHash) tally.replayedAlike++;
    }
    if (run.violations.length > 0) {
      const shrinks = tally.failures.length < SHRUNK ? options.shrink : 0;
      tally.failures.push(
        await explain(run, steps, { ...options, ...(shrinks !== undefined && { shrink: shrinks }) }),
      );
    }
    onSeed?.(seed, run.traceHash, run.violations.length > 0);
  }
  return tally.result('whole', seeds.from, steps);
};

const fallen = (
  seed: number,
  steps: number,
  faults: readonly Fault[] | undefined,
  only: readonly number[] | undefined,
  error: unknown,
): Failure => ({
  seed,
  steps,
  violations: [
    { invariant: 'crash', message: error instanceof Error ? (error.stack ?? error.message) : String(error) },
  ],
  trace: [],
  rerun: `--seed ${seed} --steps ${steps}${namedFaults(faults)}${only ? ` --only ${only.join(',')}` : ''}`,
});

const namedFaults = (faults: readonly Fault[] | undefined): string =>
  faults ? ` --faults ${faults.length === 0 ? 'none' : faults.join(',')}` : '';

const keepOnly = (plan: Plan, only: readonly number[]): Plan => ({
  ...plan,
  steps: plan.steps.filter(({ number }) => only.includes(number)),
});

/** Makes a failing plan as short as it can in some runs. */
const explain = async (
  run: SimulationResult,
  steps: number,
  { shrink = 30, faults }: WholeOptions,
): Promise<Failure> => {
  const wanted = run.violations[0]!.invariant;
  const until = performance.now() + SHRINK_MS;
  const fails = async (plan: Plan): Promise<boolean> => {
    if (performance.now() > until) return false;
    const { violations } = await runSimulation({ seed: run.seed, plan, checkers: CHECKERS });
    return violations.some(({ invariant }) => invariant === wanted);
  };
  const upTo = run.violations[0]!.step;
  const cut = { ...run.plan, steps: run.plan.steps.filter(({ number }) => number <= upTo) };
  const shortest = shrink > 0 ? await shrinkPlan(cut, fails, shrink) : cut;
  const numbers = shortest.steps.map(({ number }) => number).join(',');
  return {
    seed: run.seed,
    steps: shortest.steps.length,
    violations: run.violations,
    trace: shortest.steps.map(({ number, action, gap }) => `${number} ${JSON.stringify(action)} +${gap} ms`),
    rerun: `--seed ${run.seed} --steps ${steps}${namedFaults(faults)} --only ${numbers}`,
  };
};
