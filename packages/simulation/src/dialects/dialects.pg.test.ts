import { expect, test } from 'vitest';
import { runDialects } from './run-dialects.ts';

const seeds = process.env.SATCHEL_LONG !== undefined ? Array.from({ length: 20 }, (_, at) => at + 1) : [1, 2];

test.each(seeds)(
  '[DIA-80] seed %i: a thousand steps of native clients and all dialects end equal to plain SQL, every value accounted for',
  async (seed) => {
    const findings = await runDialects({ seed, steps: 1_000 });
    expect(findings).toMatchObject({ differences: [], unaccounted: [] });
    // The run was worth something: people wrote, and clashed.
    expect(findings.written).toBeGreaterThan(300);
    expect(findings.conflicts).toBeGreaterThan(3);
  },
  600_000,
);
