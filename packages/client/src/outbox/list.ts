import type { Change, Mutation } from '@satchel/protocol';
import type { OutboxEntry, OutboxState } from '../engine.ts';
import type { EngineContext } from '../engine-context.ts';
import { type Entry, entriesWhere } from './entry.ts';
import { frozenMutation } from './freeze.ts';
import { changesInRange } from './pending.ts';

/** Entries shown when no limit is given. */
const DEFAULT_LIMIT = 1_000;

/** Mutations in the order of writing; without a state, those that are not settled. One by its id, whatever its state. */
export const listOutbox = (
  context: EngineContext,
  filter: { readonly state?: OutboxState; readonly limit?: number; readonly mutationId?: string },
): OutboxEntry[] => {
  const { state, limit, mutationId } = filter;
  if (mutationId !== undefined)
    return entriesWhere(context, 'mutation_id = ?', [mutationId]).map((entry) => outboxEntry(context, entry));
  return entriesWhere(
    context,
    `${state === undefined ? "state <> 'settled'" : 'state = ?'} order by position limit ?`,
    [...(state === undefined ? [] : [state]), limit ?? DEFAULT_LIMIT],
  ).map((entry) => outboxEntry(context, entry));
};

const outboxEntry = (context: EngineContext, entry: Entry): OutboxEntry => ({
  mutationId: entry.mutationId,
  seq: entry.seq,
  runId: entry.runId,
  state: entry.state,
  lane: entry.lane,
  createdAt: entry.createdAt,
  attempts: entry.attempts,
  nextAt: entry.nextAt,
  ...(entry.blockedBy === null ? {} : { blockedBy: entry.blockedBy }),
  ...(entry.problem === null ? {} : { problem: entry.problem }),
  ...(entry.outcome === null ? {} : { outcome: entry.outcome }),
  ...(entry.name === null ? {} : { name: entry.name }),
  changes: changesOf(context, entry),
});

const changesOf = (context: EngineContext, entry: Entry): readonly Change[] => {
  if (entry.body !== null) return (JSON.parse(entry.body) as Mutation).changes;
  return entry.range ? frozenMutation(context, entry, changesInRange(context, entry.range)).changes : [];
};
