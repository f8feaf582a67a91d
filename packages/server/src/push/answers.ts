import {
  type ChangeOutcome,
  type Outcome,
  type PushAnswer,
  unreachable,
  type Values,
} from '@satchel/protocol';
import type { Decided } from './decide.ts';
import { type RowAddress, rowAddress } from './row-address.ts';
import type { Written } from './settle.ts';
import type { ChangeVerdict, ReviewVerdict, SettledVerdict, Verdict } from './verdict.ts';

/** What the mutations of a batch are answered, by id: with every column, before anybody's view. */
export const answersOf = ({ verdicts, rows }: Decided, written: Written): ReadonlyMap<string, PushAnswer> => {
  const shared = sharedRows(verdicts);
  const draft = rows.draft();
  const valuesNow = (address: RowAddress): Values | null =>
    written.again.get(address) ?? draft.values(address);
  const answers = new Map<string, PushAnswer>();
  for (const verdict of verdicts) {
    answers.set(verdict.submitted.mutation.mutationId, answerOf(verdict, shared, written, valuesNow));
  }
  return answers;
};

/**
 * Rows that several mutations of the batch wrote. They have one version in the end, and
 * every outcome tells the row as it then is.
 */
const sharedRows = (verdicts: readonly Verdict[]): ReadonlySet<RowAddress> => {
  const once = new Set<RowAddress>();
  const shared = new Set<RowAddress>();
  for (const verdict of verdicts) {
    if (verdict.kind !== 'settled') continue;
    for (const { address } of verdict.effects) (once.has(address) ? shared : once).add(address);
  }
  return shared;
};

const answerOf = (
  verdict: Verdict,
  shared: ReadonlySet<RowAddress>,
  written: Written,
  valuesNow: (address: RowAddress) => Values | null,
): PushAnswer => {
  const { mutationId } = verdict.submitted.mutation;
  switch (verdict.kind) {
    case 'settled': {
      const deleted = deletedRows(verdict);
      return {
        kind: 'outcome',
        outcome: outcomeOf(verdict, verdict.outcome, (change) => {
          const address = rowAddress(change.table, change.key);
          const isTold = change.tellRow || shared.has(address) || written.again.has(address);
          const values = valuesNow(address);
          // A deletion has its version, too: it says which of two is the later one when they are offered again.
          const isVersioned = values !== null || deleted.has(address);
          const version = isVersioned ? written.version(address) : undefined;
          return settledChange(change, { isTold, row: values, version });
        }),
      };
    }
    case 'review':
      return { kind: 'outcome', outcome: outcomeOf(verdict, 'review', plainChange) };
    case 'held':
      return { kind: 'held', mutationId, parent: verdict.parent, until: verdict.until };
    case 'needs-earlier':
      return { kind: 'needs-earlier', mutationId, seq: verdict.submitted.mutation.seq };
    default:
      return unreachable(verdict);
  }
};

const NONE: ReadonlySet<RowAddress> = new Set();

const deletedRows = ({ effects }: SettledVerdict): ReadonlySet<RowAddress> =>
  effects.some(({ after }) => after === null)
    ? new Set(effects.flatMap(({ address, after }) => (after === null ? [address] : [])))
    : NONE;

const outcomeOf = (
  verdict: SettledVerdict | ReviewVerdict,
  outcome: Outcome['outcome'],
  told: (change: ChangeVerdict) => ChangeOutcome,
): Outcome => {
  const { mutation, dropped, refused } = verdict.submitted;
  const changes = verdict.changes.map(told);
  // What the schema's history left nothing of is applied by that: its place must not be lost.
  if (refused === undefined && verdict.kind === 'settled' && verdict.problem === undefined) {
    for (const at of dropped) {
      const { table, key } = mutation.changes[at]!;
      changes.splice(at, 0, { table, key, outcome: 'applied' });
    }
  }
  const problem = verdict.kind === 'settled' ? verdict.problem : undefined;
  return { mutationId: mutation.mutationId, outcome, changes, ...(problem ? { problem } : {}) };
};

type Told = { -readonly [K in keyof ChangeOutcome]: ChangeOutcome[K] };

/** Field by field: spreading what is mostly not there cost half of the answers' time. */
const plainChange = (change: ChangeVerdict): Told => {
  const { table, key, clientKey, outcome, columns, conflictId, problem } = change;
  const told: Told = { table, key: clientKey ?? key, outcome };
  if (clientKey !== undefined) told.newKey = key;
  if (columns !== undefined) told.columns = [...columns];
  if (conflictId !== undefined) told.conflictId = conflictId;
  if (problem !== undefined) told.problem = problem;
  return told;
};

const settledChange = (
  change: ChangeVerdict,
  {
    isTold,
    row,
    version,
  }: { readonly isTold: boolean; readonly row: Values | null; readonly version: number | undefined },
): ChangeOutcome => {
  const told = plainChange(change);
  if (change.outcome === 'rejected') return told;
  if (version !== undefined) told.version = version;
  if (isTold) told.row = row;
  return told;
};
