import type { Problem, PushAnswer } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { RecentUpdate } from '../live/recent.ts';
import type { Transaction } from '../postgres/database.ts';
import { together } from '../postgres/together.ts';
import { readWritten } from './after-write.ts';
import { answersOf } from './answers.ts';
import { type Decided, decide } from './decide.ts';
import type { FactBook } from './fact-book.ts';
import type { Ruling } from './facts.ts';
import { loadCommon } from './load-common.ts';
import { loadProbe } from './load-probe.ts';
import { loadRare, type RareGiven } from './load-rare.ts';
import { readOffering } from './offering.ts';
import { readRows } from './read-rows.ts';
import type { RowAddress } from './row-address.ts';
import { settle, type Written } from './settle.ts';
import { readStart } from './start.ts';
import type { Submitted } from './submitted.ts';
import { TryAgain } from './try-again.ts';
import { updatesMade } from './updates-made.ts';
import type { Verdict } from './verdict.ts';
import { type NetEffect, writeRows } from './write-rows.ts';

/** Where writes come from, as the audit has it. */
export type Source = 'push' | 'resolve' | 'undo' | 'expire' | 'replay' | 'offer';

/** A batch on its way to the database. */
export interface Job {
  readonly principal: Principal;
  readonly source: Source;
  readonly batchId: string | null;
  readonly submitted: readonly Submitted[];
  readonly outstandingFrom: ReadonlyMap<string, number>;
  /** They are in `satchel.mutations` already and waited for this: a row, or a person. */
  readonly releases?: 'held' | 'review';
  readonly rulings: ReadonlyMap<RowAddress, Ruling>;
  /** An administrator answers for it: scopes are not asked. */
  readonly isTrusted?: boolean;
}

/** What earlier attempts at the same batch found out. */
export interface Lessons {
  /** The database refused it: look for breaches first. */
  readonly probe: boolean;
  /** Mutations that cannot be, by id. */
  readonly refused: ReadonlyMap<string, Problem>;
}

export interface Applied {
  readonly answers: ReadonlyMap<string, PushAnswer>;
  readonly verdicts: readonly Verdict[];
  /** Server time of receipt. */
  readonly now: number;
  readonly epoch: string;
  /** Rows of the app that were written. */
  readonly effects: readonly NetEffect[];
  /** Of them, what live pages may tell by its changed columns. */
  readonly updates: readonly RecentUpdate[];
  /** Some mutation waits for a row. */
  readonly someHeld: boolean;
  /** The version that a row has after it. */
  version(address: RowAddress): number | undefined;
}

/**
 * One attempt at a batch, in one READ COMMITTED transaction (rule 61): what is known of
 * its ids, then the locks, then everything that is decided from, then the effects and
 * their outcomes. The outcomes carry the claim of their ids: where another transaction
 * has taken one meanwhile, this one has done nothing.
 */
export const applyBatch = async (
  ctx: ServerContext,
  tx: Transaction,
  job: Job,
  lessons: Lessons,
): Promise<Applied> => {
  const { now, epoch, someHeld, known, renames, waiting: others } = await readStart(ctx, tx, job);
  const waiting = job.releases && (await lockWaiting(tx, job, job.releases));
  const fresh = job.submitted.flatMap((one) => {
    const isTodo = waiting?.has(one.mutation.mutationId) ?? !known.answers.has(one.mutation.mutationId);
    if (!isTodo) return [];
    const refused = lessons.refused.get(one.mutation.mutationId);
    return [refused === undefined ? one : { ...one, changes: [], refused }];
  });
  if (fresh.length === 0)
    return {
      answers: known.answers,
      verdicts: [],
      now,
      epoch,
      effects: [],
      updates: [],
      someHeld,
      version: () => undefined,
    };
  const given = {
    principal: job.principal,
    now,
    submitted: fresh,
    runs: known.runs,
    renames,
    waiting: others,
    rulings: job.rulings,
    isTrusted: job.isTrusted ?? false,
    offering: await readOffering(
      tx,
      fresh.map(({ mutation }) => mutation),
    ),
  };
  const facts = await loadCommon(ctx, tx, given);
  const rare: RareGiven = {
    principalId: job.principal.id,
    submitted: fresh,
    runs: known.runs,
    outstandingFrom: job.outstandingFrom,
    isRelease: job.releases !== undefined,
  };
  const decided = lessons.probe
    ? await decideProbed(ctx, tx, facts, rare)
    : await decideWith(ctx, tx, facts, rare);
  const effects = [...decided.rows.effects()];
  const [, { rows, again }] = await together([
    writeRows(ctx, tx, effects),
    readWritten(ctx, tx, effects, [...facts.scopes]),
  ]);
  const written: Written = {
    rows,
    again,
    version: (address) => rows.get(address)?.version ?? (facts.rows.get(address)?.version || undefined),
    now,
  };
  const denied = job.isTrusted ? [] : outOfScope(decided.verdicts, effects, written);
  if (denied.length > 0) throw new TryAgain(denied);
  const answers = answersOf(decided, written);
  await settle(ctx, tx, job, decided.verdicts, answers, written, facts.offering);
  return {
    answers: new Map([...known.answers, ...answers]),
    verdicts: decided.verdicts,
    now,
    epoch,
    effects,
    updates: updatesMade(ctx, effects, facts.rows, written),
    someHeld,
    version: written.version,
  };
};

/** Those that wait still: another node may have been quicker. */
const lockWaiting = async (
  tx: Transaction,
  { principal, submitted }: Job,
  state: 'held' | 'review',
): Promise<ReadonlySet<string>> => {
  const { rows } = await tx.query<{ mutation_id: string }>(
    `select mutation_id from satchel.mutations
      where principal = $1 and mutation_id = any($2::uuid[]) and state = $3
      order by mutation_id for update`,
    [principal.id, submitted.map(({ mutation }) => mutation.mutationId), state],
    'push_lock_waiting',
  );
  return new Set(rows.map(({ mutation_id }) => mutation_id));
};

/** Decides, and again as long as the decision asks for facts that were not read. */
const decideWith = async (
  ctx: ServerContext,
  tx: Transaction,
  facts: FactBook,
  rare: RareGiven,
): Promise<Decided> => {
  for (;;) {
    const decided = decide(facts, rare.submitted);
    if (facts.missed.size === 0) return decided;
    await loadRare(ctx, tx, facts, rare);
  }
};

/** As `decideWith`, with what the database would refuse found out beforehand. */
const decideProbed = async (
  ctx: ServerContext,
  tx: Transaction,
  facts: FactBook,
  rare: RareGiven,
): Promise<Decided> => {
  const blind = await decideWith(ctx, tx, facts, rare);
  const wanted: NetEffect[] = blind.verdicts.flatMap((verdict) =>
    verdict.kind === 'settled' ? verdict.effects : [],
  );
  const probe = await loadProbe(ctx, tx, wanted);
  const missing = probe.holders.filter((address) => !facts.rows.has(address));
  const holders = await readRows(ctx, tx, new Map(missing.map((address) => [address, { history: true }])));
  facts.addRows(holders);
  facts.probe = probe;
  return decideWith(ctx, tx, facts, rare);
};

/**
 * Mutations whose rows none of the principal's scopes holds in the end. Where several
 * touched such a row, the last one is to blame; the others are judged again without it.
 */
const outOfScope = (
  verdicts: readonly Verdict[],
  effects: readonly NetEffect[],
  written: Written,
): readonly Submitted[] => {
  const strays = new Set(
    effects.flatMap(({ address, after }) =>
      after !== null && written.rows.get(address)?.inReach !== true ? [address] : [],
    ),
  );
  if (strays.size === 0) return [];
  const blamed = new Map<RowAddress, Submitted>();
  for (const verdict of verdicts) {
    if (verdict.kind !== 'settled') continue;
    for (const { address } of verdict.effects)
      if (strays.has(address)) blamed.set(address, verdict.submitted);
  }
  return [...new Set(blamed.values())];
};
