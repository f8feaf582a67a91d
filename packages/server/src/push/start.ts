import { SatchelError } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import type { Job } from './apply.ts';
import type { KnownRename, WaitingMutation } from './fact-book.ts';
import { type Known, type KnownRow, knownOf, type RunRow, runsOf } from './known.ts';
import { type RenameRow, renamesOf, type WaitingMutationRow, waitingOf } from './load-common.ts';
import { recallRefused } from './recall-refused.ts';

/** What a batch starts from, before it locks anything. */
export interface Start {
  /** Server time of receipt. */
  readonly now: number;
  readonly epoch: string;
  /** Some mutation waits for a row. */
  readonly someHeld: boolean;
  readonly known: Known;
  readonly renames: readonly KnownRename[];
  readonly waiting: readonly WaitingMutation[];
}

interface StartRow {
  readonly now: number;
  readonly epoch: string | null;
  readonly some_held: boolean;
  readonly known: readonly KnownRow[];
  readonly runs: readonly RunRow[];
  readonly renames: readonly RenameRow[];
  readonly waiting: readonly WaitingMutationRow[];
}

/**
 * Says to the capture triggers who writes, reads the clock, and what is known of the
 * batch's ids and of its clients' runs, new keys and waiting mutations. One statement:
 * five small ones cost PostgreSQL more than all that they read. One snapshot, too:
 * outcomes are collected in the transaction that adds their range, so an id is in the
 * one or in the other.
 */
export const readStart = async (ctx: ServerContext, tx: Queryable, job: Job): Promise<Start> => {
  const clients = [...new Set(job.submitted.map(({ clientId }) => clientId))];
  const ids = job.submitted.map(({ mutation }) => mutation.mutationId);
  const { rows } = await tx.query<StartRow>(
    START,
    [job.source, job.submitted[0]?.clientId ?? '', job.principal.id, ids, clients],
    'push_start',
  );
  const row = rows[0];
  if (row === undefined) throw new SatchelError('server_busy');
  const runs = runsOf(row.runs);
  const answers = await recallRefused(tx, job.principal.id, knownOf(job.submitted, row.known, runs));
  return {
    now: row.now,
    epoch: row.epoch ?? '',
    someHeld: row.some_held,
    known: { answers, runs },
    renames: renamesOf(ctx, row.renames),
    waiting: waitingOf(row.waiting),
  };
};

/** An array of the rows of a query, as JSON. */
const listOf = (query: string): string => `(select coalesce(json_agg(q), '[]') from (${query}) q)`;

const START = `
  select set_config('satchel.source', $1, true), set_config('satchel.writer', $2, true),
         satchel.now_ms() as now,
         (select g.epoch from satchel.generations g order by g.generation desc limit 1) as epoch,
         exists (select from satchel.held) as some_held,
         ${listOf(`
           select m.mutation_id, m.state, m.outcome, encode(m.hash, 'hex') as hash,
                  t.name as parent_table, h.parent_key, h.until
             from unnest($4::uuid[]) s(mutation_id)
             join satchel.mutations m on m.principal = $3 and m.mutation_id = s.mutation_id
             left join satchel.held h on h.principal = m.principal and h.mutation_id = m.mutation_id
             left join satchel.tables t on t.table_id = h.parent_table`)} as known,
         ${listOf(`
           select client_id, run_id, first_seen_at, settled::text as settled, acked::text as acked, renamed_from
             from satchel.runs where client_id = any($5::uuid[])`)} as runs,
         ${listOf(`
           select client_id, table_id, old_key, new_key, run_id, seq, renamed_run, renamed_from
             from satchel.renames where client_id = any($5::uuid[])`)} as renames,
         ${listOf(`
           select m.mutation_id, m.client_id, m.run_id, m.seq, m.body, t.name as parent_table, h.parent_key, h.until
             from satchel.mutations m
             left join satchel.held h on h.principal = m.principal and h.mutation_id = m.mutation_id
             left join satchel.tables t on t.table_id = h.parent_table
            where m.state in ('held', 'review') and m.client_id = any($5::uuid[])
            order by m.received_at, m.seq`)} as waiting`;
