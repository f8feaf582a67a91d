import type { ConflictDraft, Hlc } from '@satchel/core';
import type { OutcomeKind, Problem, Values } from '@satchel/protocol';
import type { RowAddress } from './row-address.ts';
import type { Submitted } from './submitted.ts';

/** What became of one change of a mutation. */
export interface ChangeVerdict {
  /** The row that it touched, under the server's key. */
  readonly table: string;
  readonly key: string;
  /** The key under which the client knew the row, where the server gave another. */
  readonly clientKey?: string;
  readonly outcome: OutcomeKind;
  /** Columns whose value took effect, where these are not all of the change's. */
  readonly columns?: readonly string[];
  readonly conflictId?: string;
  readonly problem?: Problem;
  /** The client cannot work out the row by itself: it is sent along. */
  readonly tellRow: boolean;
}

/** The effect of one mutation on one row. */
export interface Effect {
  readonly address: RowAddress;
  readonly table: string;
  readonly key: string;
  readonly before: Values | null;
  readonly after: Values | null;
}

/** A clash, as it will stand in `satchel.conflicts`. */
export interface PushConflict extends ConflictDraft {
  readonly conflictId: string;
  readonly table: string;
  readonly key: string;
  /** Kind `unique`: the row that has the value. */
  readonly holder?: string;
  /** The row before the decision, to go back to. */
  readonly undo: Values | null;
  readonly flags: readonly string[];
}

/** A key that the server gave instead (rule 4). */
export interface Renamed {
  readonly table: string;
  readonly oldKey: string;
  readonly newKey: string;
}

/** A column of a row that an offer decided, with the version that it had in the lost history (rule 67). */
export interface Offered {
  readonly address: RowAddress;
  readonly column: string;
  readonly version: number;
}

/** A field's new writer, where a policy asks who and when (rule 65). */
export interface FieldStamp {
  readonly address: RowAddress;
  readonly column: string;
  readonly hlc: Hlc;
}

export interface SettledVerdict {
  readonly kind: 'settled';
  readonly submitted: Submitted;
  readonly outcome: OutcomeKind;
  readonly problem?: Problem;
  readonly changes: readonly ChangeVerdict[];
  /** What it did, row by row; nothing if it is rejected. */
  readonly effects: readonly Effect[];
  readonly conflicts: readonly PushConflict[];
  /** Open reviews of its rows, of which it is now a part. */
  readonly joins: readonly string[];
  readonly stamps: readonly FieldStamp[];
  readonly renamed: readonly Renamed[];
  readonly offered: readonly Offered[];
}

/** A person decides; nothing of it is applied until then. */
export interface ReviewVerdict {
  readonly kind: 'review';
  readonly submitted: Submitted;
  readonly changes: readonly ChangeVerdict[];
  readonly conflicts: readonly PushConflict[];
  /** Reviews that were open before and that it waits for as well. */
  readonly joins: readonly string[];
}

/** A row that it needs is not there yet. */
export interface HeldVerdict {
  readonly kind: 'held';
  readonly submitted: Submitted;
  readonly parent: { readonly table: string; readonly key: string };
  /** UTC milliseconds. */
  readonly until: number;
}

/** Nothing is kept of it: it comes again with what its run had before it. */
export interface EarlierVerdict {
  readonly kind: 'needs-earlier';
  readonly submitted: Submitted;
}

/** The decision on one mutation, before it meets the database. */
export type Verdict = SettledVerdict | ReviewVerdict | HeldVerdict | EarlierVerdict;

/** A mutation of which nothing takes effect. */
export const refusal = (
  submitted: Submitted,
  problem: Problem,
  at?: number,
  conflict?: PushConflict,
): SettledVerdict => ({
  kind: 'settled',
  submitted,
  outcome: 'rejected',
  problem,
  changes: submitted.mutation.changes.map(({ table, key }, index) => ({
    table,
    key,
    outcome: 'rejected',
    ...(index === at ? { problem } : {}),
    tellRow: false,
  })),
  effects: [],
  conflicts: conflict ? [conflict] : [],
  joins: [],
  stamps: [],
  renamed: [],
  offered: [],
});
