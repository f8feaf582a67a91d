import { isErrorCode, type Problem, SatchelError, type Values } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import type { Transaction } from '../postgres/database.ts';
import { applyBatch, type Job, type Lessons, type Source } from '../push/apply.ts';
import type { Ruling } from '../push/facts.ts';
import { problemOf, refusalOf } from '../push/refused-by-database.ts';
import { type RowAddress, rowAddress } from '../push/row-address.ts';
import { withDenied } from '../push/run-job.ts';
import { TryAgain } from '../push/try-again.ts';
import { prepareWaiting, WAITING_COLUMNS, type WaitingRow } from '../push/waiting.ts';
import type { ConflictRow } from './conflict-row.ts';
import { rulingOf } from './ruling-of.ts';

/** On whose word mutations are released from review. */
export interface Release {
  readonly source: Source;
  readonly isTrusted: boolean;
  /** They are refused with this reason instead. */
  readonly refused?: Problem;
}

/** What became of a row that was under review. */
export interface Released {
  readonly before: Values | null;
  readonly after: Values | null;
}

/** Mutations that wait for the conflict, locked. */
export const lockReviewed = async (tx: Transaction, conflictId: string): Promise<readonly WaitingRow[]> => {
  const { rows } = await tx.query<WaitingRow>(
    `select ${WAITING_COLUMNS} from satchel.mutations m
      where m.mutation_id = any (select unnest(c.mutation_ids) from satchel.conflicts c where c.conflict_id = $1::uuid)
        and m.state = 'review' and m.body -> 'conflictIds' ? $1::text
      order by m.mutation_id for update`,
    [conflictId],
    'conflicts_lock_reviewed',
  );
  return rows;
};

/**
 * Takes mutations up whose reviews are all settled, on the same way as when they came,
 * with the rulings in place of the policies. Those that wait for another review wait on.
 *
 * @returns the effects on rows, by address
 * @throws what stands in the way of the first of them, so that it can be decided otherwise
 */
export const releaseReviewed = async (
  ctx: ServerContext,
  tx: Transaction,
  waiting: readonly WaitingRow[],
  release: Release,
): Promise<ReadonlyMap<RowAddress, Released>> => {
  const conflicts = await readRulings(tx, waiting);
  const isSettled = (id: string): boolean => conflicts.get(id)?.state === 'settled';
  const free = waiting.filter(({ body }) => (body.conflictIds ?? []).every(isSettled));
  const { refused } = release;
  const groups = await prepareWaiting(ctx, tx, free, () => (refused ? { refused } : {}));
  const released = new Map<RowAddress, Released>();
  for (const { principal, submitted } of groups) {
    const effects = await applyReleased(ctx, tx, {
      principal,
      source: release.source,
      batchId: null,
      submitted,
      outstandingFrom: new Map(),
      releases: 'review',
      rulings: rulingsOn(conflicts),
      isTrusted: release.isTrusted,
    });
    for (const [address, effect] of effects) released.set(address, effect);
  }
  return released;
};

type RulingRow = Pick<
  ConflictRow,
  'conflict_id' | 'table_name' | 'key' | 'kind' | 'state' | 'columns' | 'fields'
> & {
  readonly decision: 'accept-client' | 'accept-server' | 'merged' | null;
};

const readRulings = async (
  tx: Transaction,
  waiting: readonly WaitingRow[],
): Promise<ReadonlyMap<string, RulingRow>> => {
  const { rows } = await tx.query<RulingRow>(
    `select c.conflict_id, t.name as table_name, c.key, c.kind, c.state, c.columns, c.fields, c.decision
       from satchel.conflicts c join satchel.tables t on t.table_id = c.table_id
      where c.conflict_id = any($1::uuid[])`,
    [[...new Set(waiting.flatMap(({ body }) => body.conflictIds ?? []))]],
    'conflicts_rulings',
  );
  return new Map(rows.map((row) => [row.conflict_id, row]));
};

const rulingsOn = (conflicts: ReadonlyMap<string, RulingRow>): ReadonlyMap<RowAddress, Ruling> =>
  new Map(
    [...conflicts.values()].flatMap((row) =>
      row.state === 'settled' && row.decision !== null
        ? [
            [
              rowAddress(row.table_name, row.key),
              rulingOf(row, { decision: row.decision, fields: row.fields ?? {} }),
            ] as const,
          ]
        : [],
    ),
  );

const applyReleased = async (
  ctx: ServerContext,
  tx: Transaction,
  job: Job,
): Promise<ReadonlyMap<RowAddress, Released>> => {
  let lessons: Lessons = { probe: true, refused: new Map() };
  for (;;) {
    try {
      const { answers, effects } = await tx.savepoint(() => applyBatch(ctx, tx, job, lessons));
      const [first] = job.submitted;
      const answer = first && answers.get(first.mutation.mutationId);
      const problem = answer?.kind === 'outcome' ? answer.outcome.problem : undefined;
      if (problem !== undefined && first?.refused === undefined) throw toError(problem);
      return new Map(effects.map(({ address, before, after }) => [address, { before, after }]));
    } catch (error) {
      if (error instanceof TryAgain && error.denied.length > 0) {
        lessons = withDenied(lessons, error.denied);
        continue;
      }
      const [first] = job.submitted;
      if (refusalOf(error) !== 'mutation' || first === undefined) throw error;
      throw toError(problemOf(ctx.app, error, first));
    }
  }
};

const toError = ({ code, params }: Problem): SatchelError =>
  isErrorCode(code)
    ? new SatchelError(code, params)
    : new SatchelError('validator_failed', { ...params, reason: code });
