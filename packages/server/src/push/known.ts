import { containsSeq, type Ranges } from '@satchel/core';
import { type Outcome, type PushAnswer, SatchelError, unreachable } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import { rangesFromSql } from '../clients/seq-text.ts';
import type { Queryable } from '../postgres/database.ts';
import { together } from '../postgres/together.ts';
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

/**
 * What became of mutations that this principal sent before (rules 24, 62).
 *
 * Mutations are read before ranges: outcomes are collected in the transaction that adds
 * their range, so what was not there in the first statement is there in the second.
 */
export const readKnown = async (
  tx: Queryable,
  principal: Pick<Principal, 'id'>,
  submitted: readonly Submitted[],
): Promise<Known> => {
  const stored = tx.query<KnownRow>(
    `select m.mutation_id, m.state, m.outcome, encode(m.hash, 'hex') as hash,
            t.name as parent_table, h.parent_key, h.until
       from unnest($2::uuid[]) s(mutation_id)
       join satchel.mutations m on m.principal = $1 and m.mutation_id = s.mutation_id
       left join satchel.held h on h.principal = m.principal and h.mutation_id = m.mutation_id
       left join satchel.tables t on t.table_id = h.parent_table`,
    [principal.id, submitted.map(({ mutation }) => mutation.mutationId)],
    'push_known',
  );
  const [{ rows }, runs] = await together([
    stored,
    readRuns(tx, [...new Set(submitted.map(({ clientId }) => clientId))]),
  ]);
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
  return { answers, runs };
};

interface KnownRow {
  readonly mutation_id: string;
  readonly state: 'settled' | 'held' | 'review';
  readonly outcome: Outcome | null;
  readonly hash: string;
  readonly parent_table: string | null;
  readonly parent_key: string | null;
  readonly until: number | null;
}

const readRuns = async (tx: Queryable, clients: readonly string[]): Promise<KnownRuns> => {
  const { rows } = await tx.query<{
    client_id: string;
    run_id: string;
    first_seen_at: number;
    settled: string;
    acked: string;
    renamed_from: number | null;
  }>(
    `select client_id, run_id, first_seen_at, settled::text as settled, acked::text as acked, renamed_from
       from satchel.runs where client_id = any($1::uuid[])`,
    [clients],
    'push_runs',
  );
  return new Map(
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
};

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
