import { afterFailure, layOver, transitionOutbox } from '@satchel/core';
import {
  type ChangeOutcome,
  ERRORS,
  invariant,
  isErrorCode,
  type Outcome,
  type Problem,
  type PushAnswer,
  unreachable,
  type Values,
} from '@satchel/protocol';
import type { RetrySettings } from '@satchel/schema';
import type { LocalTable } from '../database/local-table.ts';
import { keyParameters, readRow, withKey } from '../database/rows.ts';
import type { TakenIn } from '../engine.ts';
import type { EngineContext } from '../engine-context.ts';
import { type Base, deleteBase, readBase, writeBase } from '../pages/base.ts';
import { noteErased } from '../pages/erased.ts';
import { rebaseRows } from '../pages/rebase.ts';
import { noteUnsure } from '../pages/unsure.ts';
import { viewOf } from '../pages/view.ts';
import { freeBlocked } from './blocked.ts';
import { type Entry, entriesWhere, entryById, moveEntry, type Standing, standingOf } from './entry.ts';
import { freezeEntry } from './freeze.ts';
import { isToBeAnswered, standsOnOffers } from './offers.ts';
import { changesInRange, deleteRange, isPending, type PendingChange, RowSet, toLayOver } from './pending.ts';
import { renameKey } from './rename.ts';
import { isPlain, settlePlain } from './settle-plain.ts';
import { markBlocked } from './take.ts';

export type Settled = 'settled' | 'quarantined' | 'review' | 'known';

/** Takes in the answers of a batch. */
export const takeAnswers = (
  context: EngineContext,
  batchId: string,
  answers: readonly PushAnswer[],
): TakenIn => {
  const dirty = new RowSet();
  const counts: Record<Settled, number> = { settled: 0, quarantined: 0, review: 0, known: 0 };
  const outcomes: Outcome[] = [];
  let held = 0;
  let returned = 0;
  let needsEarlier: TakenIn['needsEarlier'];
  // Answers that only give versions are taken together, as far as they follow one another.
  const plain: Outcome[] = [];
  const settleGathered = (): void => {
    if (plain.length === 0) return;
    counts.settled += plain.length;
    for (const outcome of settlePlain(context, batchId, plain.splice(0))) {
      counts.settled -= 1;
      counts[settleOutcome(context, outcome, dirty)] += 1;
    }
  };
  for (const answer of answers) {
    if (answer.kind === 'outcome' && isPlain(answer.outcome)) {
      plain.push(answer.outcome);
      outcomes.push(answer.outcome);
      continue;
    }
    settleGathered();
    switch (answer.kind) {
      case 'outcome':
        counts[settleOutcome(context, answer.outcome, dirty)] += 1;
        outcomes.push(answer.outcome);
        break;
      case 'held':
        held += holdEntry(context, answer.mutationId, answer.until);
        break;
      case 'needs-earlier': {
        const entry = entryById(context, answer.mutationId);
        if (!entry) break;
        if (putBack(context, entry)) returned += 1;
        if (!needsEarlier || answer.seq > needsEarlier.seq) {
          needsEarlier = { runId: entry.runId, seq: answer.seq };
        }
        break;
      }
      default:
        unreachable(answer);
    }
  }
  settleGathered();
  for (const entry of entriesWhere(context, "batch_id = ? and state = 'in-flight' and state <> 'settled'", [
    batchId,
  ])) {
    if (putBack(context, entry)) returned += 1;
  }
  rebaseRows(context, dirty);
  const tables = new Set([...dirty].map(({ table }) => table));
  // Rows that stay as they are on screen have changed their state all the same.
  for (const { changes } of outcomes) for (const { table } of changes) tables.add(table);
  return {
    tables: [...tables],
    settled: counts.settled,
    quarantined: counts.quarantined,
    review: counts.review,
    held,
    putBack: returned,
    ...(needsEarlier ? { needsEarlier } : {}),
    outcomes,
  };
};

/**
 * Takes in the final answer to a mutation, from a push or from a page: its changes are
 * pending no longer, the base takes what became of them. The rows concerned are added
 * to `dirty`, to be made anew by the caller.
 */
export const settleOutcome = (context: EngineContext, outcome: Outcome, dirty: RowSet): Settled => {
  const entry = standingOf(context, outcome.mutationId);
  if (!entry) return 'known';
  if (outcome.outcome === 'review') return underReview(context, entry, outcome);
  const rejected = outcome.outcome === 'rejected';
  const state = transitionOutbox(entry.state, rejected ? 'answered-rejected' : 'answered-settled');
  if (state === undefined) return 'known';
  // It goes up once more, after what is offered below it, and is answered the same.
  if (
    !rejected &&
    !entry.isOffer &&
    entry.range &&
    isToBeAnswered(entry) &&
    standsOnOffers(context, entry.range)
  )
    return 'known';
  const told = rejected ? refusalOf(context, outcome) : outcome;
  const inserted = entry.range ? settleChanges(context, entry, outcome, dirty) : [];
  const problem = rejected ? problemOf(told) : null;
  context.db
    .prepare(
      'update satchel_outbox set state = ?, outcome = ?, problem = ?, settled_at = ?, acked = 0, ' +
        'first_change = null, last_change = null, batch_id = null, next_at = null, blocked_by = null, ' +
        'held_until = null where position = ?',
    )
    .run([
      state,
      JSON.stringify(told),
      problem === null ? null : JSON.stringify(problem),
      context.clock.now(),
      entry.position,
    ]);
  if (rejected) blockOrphans(context, entry, inserted);
  else freeBlocked(context, entry.mutationId);
  return rejected ? 'quarantined' : 'settled';
};

/** What was refused is kept as it is, and as it was refused the first time: when it is offered again nobody looks at it. */
const refusalOf = (context: EngineContext, outcome: Outcome): Outcome => {
  const entry = entryById(context, outcome.mutationId)!;
  freezeEntry(context, entry);
  return entry.offer?.outcome === 'rejected' ? (entry.outcome ?? outcome) : outcome;
};

/** Takes the changes off the pending ones and into the bases; returns those that inserted. */
const settleChanges = (
  context: EngineContext,
  { range, isOffer }: Standing,
  outcome: Outcome,
  dirty: RowSet,
): PendingChange[] => {
  invariant(range, 'there is something to settle');
  let changes = changesInRange(context, range);
  const renames = outcome.changes.filter(({ newKey }) => newKey !== undefined);
  if (renames.length > 0) {
    for (const [index, { table, key }] of changes.entries()) {
      const newKey = outcome.changes[index]?.newKey;
      if (newKey !== undefined) renameKey(context, table, key, newKey, dirty);
    }
    changes = changesInRange(context, range);
  }
  deleteRange(context, range);
  const rejected = outcome.outcome === 'rejected';
  for (const [index, change] of changes.entries()) {
    const became = outcome.changes[index];
    if (isOffer && change.op !== 'delete' && became?.row === undefined) {
      // The pages of this history have told of the row, or will: what an answer does not tell is out of
      // sight. One that the history still has is answered in its first words, and may be newer than those pages.
      if (outcome.repeat === true) takeRepeated(context, change, became);
      dirty.add(change.table, change.key);
      continue;
    }
    if (!rejected && settleInPlace(context, change, became)) continue;
    takeImage(context, change, became, rejected);
    dirty.add(change.table, change.key);
  }
  return changes.filter(({ op }) => op === 'insert');
};

const underReview = (context: EngineContext, entry: Standing, outcome: Outcome): Settled => {
  if (moveEntry(context, entry, 'answered-review') === undefined) return 'known';
  context.db
    .prepare('update satchel_outbox set outcome = ?, batch_id = null, next_at = null where position = ?')
    .run([JSON.stringify(outcome), entry.position]);
  freeBlocked(context, entry.mutationId);
  return 'review';
};

const problemOf = (outcome: Outcome): Problem =>
  outcome.problem ??
  outcome.changes.find(({ problem }) => problem !== undefined)?.problem ?? {
    code: 'conflict_rejected',
    params: {},
  };

/**
 * The everyday case: the change went through as it was and nothing else is pending on
 * the row. What is on screen is the confirmed row, and only its version is news.
 */
const settleInPlace = (
  context: EngineContext,
  change: PendingChange,
  became: ChangeOutcome | undefined,
): boolean => {
  const { table, key, op } = change;
  const local = context.tables.get(table);
  if (!local || op === 'delete' || became?.outcome !== 'applied') return false;
  if (became.version === undefined || became.row !== undefined || became.columns) return false;
  const base = readBase(context, table, key);
  if (base ? base.gone !== null || base.version >= became.version : op !== 'insert') return false;
  if (isPending(context, table, key)) return false;
  if (context.db.prepare(local.sql.setVersion).run([became.version, ...keyParameters(local, key)]) === 0)
    return false;
  if (base) deleteBase(context, table, key);
  return true;
};

/** An offer that was not lost: laid over a row that was read before it, which is to come whole once more. */
const takeRepeated = (
  context: EngineContext,
  change: PendingChange,
  became: ChangeOutcome | undefined,
): void => {
  const { table, key } = change;
  const base = readBase(context, table, key);
  if (!base?.row || became?.version === undefined || became.version <= base.version) return;
  takeImage(context, change, became, false);
  noteUnsure(context, table, key);
};

/** What became of one change, as the base of its row. */
const takeImage = (
  context: EngineContext,
  change: PendingChange,
  became: ChangeOutcome | undefined,
  rejected: boolean,
): void => {
  const local = context.tables.get(change.table);
  if (!became || !local) return;
  const { table, key } = change;
  // A new key may be that of a row which is here already, confirmed and held.
  const base = readBase(context, table, key) ?? baseOfConfirmed(context, local, key);
  const { row, version } = became;
  const hold = base?.hold ?? null;
  const newer = version !== undefined && version > (base?.version ?? -1);
  if (row) {
    if (newer && lacksColumns(context, local, row)) noteUnsure(context, table, key);
    if (newer) writeBase(context, table, key, { version, hold, row: withKey(local, key, row), gone: null });
    return;
  }
  if (rejected) return;
  if (row === null || change.op === 'delete') {
    if (base && version !== undefined && !newer) return;
    if (version !== undefined) noteErased(context, table, key, version);
    writeBase(context, table, key, {
      version: version ?? base?.version ?? 0,
      hold,
      row: null,
      gone: 'deleted',
    });
    return;
  }
  if (!newer) return;
  const before = base?.row ?? null;
  const after = layOver(local.table.columns, before, [toLayOver(local, change)], context.app.documents);
  if (after)
    writeBase(context, table, key, { version, hold, row: withEffect(after, before, became), gone: null });
};

/** The answer was made for somebody who saw less of the table than this device does by now. */
const lacksColumns = (context: EngineContext, local: LocalTable, row: Values): boolean =>
  Object.keys(viewOf(context, local)).some((name) => row[name] === undefined);

/** A confirmed row on which nothing was pending, as the base that it is. */
const baseOfConfirmed = (context: EngineContext, local: LocalTable, key: string): Base | undefined => {
  const row = readRow(context, local, key);
  if (!row || row.version === null) return undefined;
  const base: Base = { version: row.version, hold: row.hold, row: row.values, gone: null };
  writeBase(context, local.name, key, base);
  return base;
};

/** The row after, without the columns that did not take effect. */
const withEffect = (after: Values, before: Values | null, { columns }: ChangeOutcome): Values => {
  if (!columns || !before) return after;
  const kept = Object.entries(after).map(([name, value]): [string, Values[string]] => [
    name,
    columns.includes(name) ? value : (before[name] ?? null),
  ]);
  return Object.fromEntries(kept);
};

/** Milliseconds for which a held mutation is not asked for again, whatever the clock here makes of the server's time. */
const HELD_AT_LEAST = 900_000;

/**
 * The server keeps it until what it refers to is there; until then it is not sent again.
 * By a clock that is days ahead that time is over already: asked at once it would be
 * answered the same at once, and so without end.
 */
const holdEntry = (context: EngineContext, mutationId: string, until: number): number => {
  const entry = entryById(context, mutationId);
  if (!entry || moveEntry(context, entry, 'answered-interim') === undefined) return 0;
  const nextAt = Math.max(until, context.clock.now() + HELD_AT_LEAST);
  context.db
    .prepare('update satchel_outbox set batch_id = null, held_until = ?, next_at = ? where position = ?')
    .run([until, nextAt, entry.position]);
  return 1;
};

const putBack = (context: EngineContext, entry: Entry): boolean => {
  if (moveEntry(context, entry, 'returned') === undefined) return false;
  context.db
    .prepare('update satchel_outbox set batch_id = null, next_at = null where position = ?')
    .run([entry.position]);
  return true;
};

/** A batch came back without an answer. */
export const returnBatch = (
  context: EngineContext,
  batchId: string,
  failure: Problem,
  countAttempt: boolean,
): void => {
  const { clock, db, random } = context;
  const retry = isErrorCode(failure.code) ? ERRORS[failure.code].retry : 'later';
  const after = failure.params.retryAfter;
  const keep = db.prepare(
    'update satchel_outbox set batch_id = null, attempts = ?, next_at = ?, problem = ? where position = ?',
  );
  let exhausted = false;
  for (const entry of entriesWhere(context, "batch_id = ? and state = 'in-flight' and state <> 'settled'", [
    batchId,
  ])) {
    const next = afterFailure(
      {
        attempts: entry.attempts,
        offline: !countAttempt,
        retry,
        // The header of HTTP counts in seconds.
        ...(typeof after === 'number' ? { retryAfter: after * 1_000 } : {}),
      },
      retrySettings(context, entry),
      clock.now(),
      random,
    );
    moveEntry(context, entry, next.state === 'failed' ? 'exhausted' : 'returned');
    exhausted ||= next.state === 'failed';
    keep.run([next.attempts, next.nextAt, JSON.stringify(failure), entry.position]);
  }
  if (exhausted) markBlocked(context);
};

/** The table's own settings where it touches one table, else the lane's, else the app's (rule 17). */
const retrySettings = ({ app }: EngineContext, entry: Entry): RetrySettings => {
  const only = entry.tables.length === 1 ? app.tables[entry.tables[0]!] : undefined;
  return only?.retry ?? app.sync.lanes[entry.lane]?.retry ?? app.sync.retry;
};

/** Makes `failed` mutations, and those that wait for their next try, `queued` again. */
export const retryFailed = (context: EngineContext, mutationId?: string): number => {
  const { db } = context;
  const which = mutationId === undefined ? '' : ' and mutation_id = ?';
  const parameters = mutationId === undefined ? [] : [mutationId];
  const failed = entriesWhere(context, `state = 'failed' and state <> 'settled'${which}`, parameters);
  for (const entry of failed) {
    moveEntry(context, entry, 'retried');
    freeBlocked(context, entry.mutationId);
  }
  db.prepare(
    `update satchel_outbox set attempts = 0, next_at = null where state = 'queued' and state <> 'settled' and (next_at is not null or attempts > 0)${which}`,
  ).run(parameters);
  return failed.length;
};

/**
 * Later edits of a row whose insert was refused have nothing to go to; the server may
 * even have another's row under that key. They wait for what the person makes of it.
 */
const blockOrphans = (
  context: EngineContext,
  refused: Standing,
  inserted: readonly PendingChange[],
): void => {
  const name = context.db.prepare('update satchel_outbox set blocked_by = ? where position = ?');
  for (const { table, key } of inserted) {
    const orphans = entriesWhere(
      context,
      'first_change in (select first_change from satchel_outbox o join satchel_changes c ' +
        'on c.change_id between o.first_change and o.last_change ' +
        "where c.tbl = ? and c.key = ? and c.version is null and c.op <> 'insert')",
      [table, key],
    );
    for (const orphan of orphans) {
      if (moveEntry(context, orphan, 'dependency-stuck') !== undefined) {
        name.run([refused.mutationId, orphan.position]);
      }
    }
  }
};
