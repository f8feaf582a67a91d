import { containsSeq, type Ranges } from '@satchel/core';
import { type Outcome, type PushAnswer, SatchelError, unreachable } from '@satchel/protocol';
import { rangesFromSql } from '../clients/seq-text.ts';
import type { Submitted } from './submitted.ts';

/** What the server has kept of one run of a client. */
export interface KnownRun {
  readonly clientId: string;
  readonly runId: string;
  /** UTC milliseconds: runs of a client follow one another. */
  readonly firstSeenAt: number;
  /** Seqs whose stored outcomes were collected. */
  readonly settled: Ranges;
  /** Seqs that the client says it needs no more. */
  readonly acked: Ranges;
  readonly renamedFrom: number | null;
}

export type KnownRuns = ReadonlyMap<string, KnownRun>;

export const runOf = ({ clientId, runId }: { readonly clientId: string; readonly runId: string }): string =>
  `${clientId} ${runId}`;

export interface Known {
  /** Answers to mutations that came before, by mutation id. */
  readonly answers: ReadonlyMap<string, PushAnswer>;
  readonly runs: KnownRuns;
}

/** What became of mutations that this principal sent before (rules 24, 62), by mutation id. */
export const knownOf = (
  submitted: readonly Submitted[],
  rows: readonly KnownRow[],
  runs: KnownRuns,
): ReadonlyMap<string, PushAnswer> => {
  const found = new Map(rows.map((row) => [row.mutation_id, row]));
  const answers = new Map<string, PushAnswer>();
  for (const one of submitted) {
    const { mutationId, seq } = one.mutation;
    const row = found.get(mutationId);
    if (row !== undefined) answers.set(mutationId, answerAgain(one, row));
    else if (containsSeq(runs.get(runOf(one))?.settled ?? [], seq)) {
      answers.set(mutationId, forgotten(mutationId));
    }
  }
  return answers;
};

export interface KnownRow {
  readonly mutation_id: string;
  readonly state: 'settled' | 'held' | 'review';
  readonly outcome: Outcome | null;
  readonly hash: string;
  readonly parent_table: string | null;
  readonly parent_key: string | null;
  readonly until: number | null;
}

export interface RunRow {
  readonly client_id: string;
  readonly run_id: string;
  readonly first_seen_at: number;
  readonly settled: string;
  readonly acked: string;
  readonly renamed_from: number | null;
}

export const runsOf = (rows: readonly RunRow[]): KnownRuns =>
  new Map(
    rows.map((row) => {
      const run: KnownRun = {
        clientId: row.client_id,
        runId: row.run_id,
        firstSeenAt: row.first_seen_at,
        settled: rangesFromSql(row.settled),
        acked: rangesFromSql(row.acked),
        renamedFrom: row.renamed_from,
      };
      return [runOf(run), run];
    }),
  );

const forgotten = (mutationId: string): PushAnswer => ({
  kind: 'outcome',
  outcome: { mutationId, outcome: 'applied', repeat: true, forgotten: true, changes: [] },
});

const answerAgain = ({ mutation, hash }: Submitted, row: KnownRow): PushAnswer => {
  const { mutationId } = mutation;
  if (row.hash !== hash) {
    const problem = new SatchelError('id_reused', { mutationId }).toProblem();
    return { kind: 'outcome', outcome: { mutationId, outcome: 'rejected', changes: [], problem } };
  }
  switch (row.state) {
    case 'held':
      return {
        kind: 'held',
        mutationId,
        parent: { table: row.parent_table ?? '', key: row.parent_key ?? '' },
        until: row.until ?? 0,
      };
    case 'review':
    case 'settled':
      return row.outcome === null
        ? forgotten(mutationId)
        : { kind: 'outcome', outcome: { ...row.outcome, repeat: true } };
    default:
      return unreachable(row.state);
  }
};
