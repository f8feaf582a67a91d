import { CHECKERS } from '../checkers/all-checkers.ts';
import { runCore } from '../core-runner/run-core.ts';
import { runSimulation, stopSimulations } from '../simulate.ts';

/** What one seed had to say; `null`: all was well. */
type Complaint = string | null;

const complaintOf = (
  violations: readonly { readonly invariant: string; readonly message: string }[],
): Complaint => {
  const [first] = violations;
  return first ? `${first.invariant}: ${first.message}`.slice(0, 300) : null;
};

const complaint = async (runner: string, seed: number): Promise<Complaint> => {
  try {
    if (runner === 'core') return complaintOf(runCore({ seed }).violations);
    const { violations } = await runSimulation({ seed, checkers: CHECKERS });
    return complaintOf(violations);
  } catch (error) {
    return `thrown: ${String(error)}`.slice(0, 300);
  }
};

/**
 * Run as a process of its own beside a planted bug: seeds from 1 until one complains.
 * Seeds that complain of the engine as it is are named in `skip`; with `survey` all are
 * run, and those that complain are told.
 */
const hunt = async (
  runner: string,
  seeds: number,
  skip: ReadonlySet<number>,
  isSurvey: boolean,
): Promise<unknown> => {
  const complaining: number[] = [];
  let tried = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    if (skip.has(seed)) continue;
    tried++;
    const found = await complaint(runner, seed);
    if (found === null) continue;
    if (!isSurvey) return { seeds: tried, seed, found };
    complaining.push(seed);
  }
  return isSurvey
    ? { complaining }
    : { seeds: null, seed: null, found: `nothing in ${tried} seeds of ${runner}` };
};

const [, , runner = 'core', seeds = '1000', skipped = '', survey = ''] = process.argv;
const skip = new Set(skipped.split(',').filter(Boolean).map(Number));
const answer = await hunt(runner, Number(seeds), skip, survey === 'survey');
await stopSimulations();
process.stdout.write(`${JSON.stringify(answer)}\n`);
process.exit(0);
