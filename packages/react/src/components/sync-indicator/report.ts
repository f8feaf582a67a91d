import type { SyncRun, SyncStatus } from '@satchel/client';

/** A run without parameters of its problem: they may hold what a person wrote. */
export const plainRun = (run: SyncRun) => ({ ...run, ...(run.problem ? { problem: run.problem.code } : {}) });

/**
 * What support needs to see of sync: codes, counts and times; nothing that a person
 * wrote, no names and no keys. Parameters of problems may hold values and stay out.
 */
export const reportOf = (
  status: SyncStatus,
  runs: readonly SyncRun[],
  now: number,
  clientId: string,
): string => {
  const { lastRun, problem, scopes, ...facts } = status;
  return JSON.stringify(
    {
      report: 'satchel',
      at: new Date(now).toISOString(),
      clientId,
      ...facts,
      scopes: scopes.length,
      problem: problem?.code ?? null,
      lastRun: lastRun && plainRun(lastRun),
      runs: runs.map(plainRun),
    },
    null,
    2,
  );
};
