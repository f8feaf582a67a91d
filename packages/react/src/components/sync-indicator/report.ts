import type { SyncRun, SyncStatus } from '@satchel/client';

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
  const plain = (run: SyncRun) => ({ ...run, ...(run.problem ? { problem: run.problem.code } : {}) });
  return JSON.stringify(
    {
      report: 'satchel',
      at: new Date(now).toISOString(),
      clientId,
      ...facts,
      scopes: scopes.length,
      problem: problem?.code ?? null,
      lastRun: lastRun && plain(lastRun),
      runs: runs.map(plain),
    },
    null,
    2,
  );
};
