import { runCore } from '../core-runner/run-core.ts';

/** Runs seeds from 1 until one complains, and says which. Run as a process of its own beside a planted bug. */
const hunt = (
  runner: string,
  seeds: number,
): { seeds: number | null; seed: number | null; found: string } => {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      const { violations } = runCore({ seed });
      const [first] = violations;
      if (first) return { seeds: seed, seed, found: `${first.invariant}: ${first.message}`.slice(0, 300) };
    } catch (error) {
      return { seeds: seed, seed, found: `thrown: ${String(error)}`.slice(0, 300) };
    }
  }
  return { seeds: null, seed: null, found: `nothing in ${seeds} seeds of ${runner}` };
};

const [, , runner = 'core', seeds = '1000'] = process.argv;
process.stdout.write(`${JSON.stringify(hunt(runner, Number(seeds)))}\n`);
