import { describe, expect, it } from 'vitest';
import { INVARIANTS } from '../checkers/invariants.ts';
import type { CountedRecord, SeedsRecord } from './records.ts';
import { reliabilityPage } from './reliability-page.ts';
import { scorecard } from './scorecard.ts';

const record = (more: Partial<SeedsRecord> = {}): SeedsRecord => ({
  kind: 'core',
  command: 'satchel simulate --core --seeds 1..10',
  commit: 'abc1234',
  machine: '2 x CPU',
  date: '2026-01-01 00:00',
  seeds: [1, 10],
  ran: 10,
  steps: 40,
  failed: [],
  byInvariant: {},
  faults: { F2: 7 },
  deviceHours: 3,
  virtualOverReal: 1_000,
  seedsPerSecond: 300,
  commits: 90,
  healedP50: null,
  healedP99: null,
  searched: 0,
  replayed: 10,
  replayedAlike: 10,
  ...more,
});

describe('the scorecard', () => {
  it('[SIM-SCORE-01] has R1 to R28, each with its command, or why it is not measured yet', () => {
    const figures = scorecard([record()], {});
    expect(figures.map(({ id }) => id)).toEqual(Array.from({ length: 28 }, (_, index) => `R${index + 1}`));
    for (const { from } of figures) expect(from).not.toBe('');
    const seeds = figures.find(({ id }) => id === 'R1');
    expect(seeds?.value).toContain('10 on the pure core');
    expect(seeds?.from).toContain('satchel simulate --core --seeds 1..10');
    expect(figures.find(({ id }) => id === 'R21')?.value).toBeNull();
  });

  it('[SIM-SCORE-02] counts violations of the newest commit only, and names their seeds', () => {
    const old = record({ commit: 'old', failed: [3], byInvariant: { I1: 1 } });
    const violations = (records: readonly SeedsRecord[]) =>
      scorecard(records, {}).find(({ id }) => id === 'R4')?.value;
    expect(violations([old, record()])).toBe('0');
    expect(violations([record(), old])).toBe('1 (core 3)');
  });

  it('[SIM-SCORE-03] the page names every invariant, and what is not checked yet', () => {
    const page = reliabilityPage(scorecard([record()], {}), [record()]);
    for (const { id, how } of INVARIANTS) {
      expect(page).toContain(`| ${id} | `);
      expect(page).toContain(how);
    }
    expect(INVARIANTS.map(({ id }) => id)).toEqual(Array.from({ length: 25 }, (_, index) => `I${index + 1}`));
    expect(page).toContain('not measured yet');
  });

  it('[SIM-SCORE-04] a run that was kept before it counted what its line tells is no figure', () => {
    const delay = (figures: CountedRecord['figures']) => {
      const { command, commit, machine, date } = record();
      const run = {
        kind: 'counted',
        by: 'poison-delays-nobody',
        command,
        commit,
        machine,
        date,
        figures,
      } as const;
      return scorecard([run], {}).find(({ id }) => id === 'R18')?.value;
    };
    expect(delay({ items: 400, bad: 4 })).toBeNull();
    const both = { withP50Ms: 7, withP99Ms: 9, withoutP50Ms: 5, withoutP99Ms: 8 };
    expect(delay({ items: 400, bad: 4, ...both, laterP50Ms: 2, laterP99Ms: 3 })).toContain(
      'p99 9 ms with 4 bad',
    );
  });
});
