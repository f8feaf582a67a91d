import type { ErrorCode, OutcomeKind, Problem, Values } from '@satchel/protocol';
import type { ConflictDraft } from './conflict-draft.ts';
import type { Hlc } from './hlc.ts';

/** What becomes of one change. Nothing of a mutation takes effect if one is `review` or `rejected`. */
export interface RowVerdict {
  readonly outcome: OutcomeKind;
  /** What is done to the row `newKey`, or else the change's own. */
  readonly effect: 'none' | 'insert' | 'update' | 'delete';
  /** `insert`: the whole row. `update`: the columns to write. */
  readonly write: Values;
  /** Columns of the change whose value took effect. */
  readonly took: readonly string[];
  /** Stamps to keep for columns whose policy asks who wrote them last. */
  readonly stamps: Readonly<Record<string, Hlc>>;
  readonly newKey?: string;
  readonly conflict?: ConflictDraft;
  /** With `rejected`; lacks nothing but what only the database knows. */
  readonly problem?: Problem;
}

export const verdict = (
  outcome: OutcomeKind,
  effect: RowVerdict['effect'],
  more: Partial<RowVerdict> = {},
): RowVerdict => ({ outcome, effect, write: {}, took: [], stamps: {}, ...more });

export const rejected = (code: ErrorCode, params: Problem['params']): RowVerdict =>
  verdict('rejected', 'none', { problem: { code, params } });
