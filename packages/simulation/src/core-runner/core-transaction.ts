import type { FieldWriter, RowVerdict } from '@satchel/core';
import type { Change, OutcomeKind, Values } from '@satchel/protocol';
import type { CoreMessage, SentMutation, ToldOutcome } from './core-messages.ts';

export interface ServerRow {
  readonly table: string;
  readonly key: string;
  readonly values: Values | null;
  readonly last: Values | null;
  readonly version: number;
  readonly writers: Readonly<Record<string, FieldWriter>>;
}

export interface StoredOutcome {
  readonly told: ToldOutcome;
  readonly client: number;
  readonly runId: string;
  readonly seq: number;
  readonly xid: bigint;
}

/** What became of one mutation, for those who look on. */
export interface Committed {
  readonly client: number;
  readonly mutation: SentMutation;
  /** Under the names that the server knew. */
  readonly changes: readonly Change[];
  readonly outcome: OutcomeKind;
  readonly verdicts: readonly RowVerdict[];
  readonly roles: readonly string[];
  /** The server's clock when it judged. */
  readonly at: number;
  readonly xid: bigint;
}

/** A transaction of the server, open until it commits. */
export interface CoreTransaction {
  readonly xid: bigint;
  readonly at: number;
  readonly locks: Set<string>;
  readonly claims: Set<string>;
  readonly rows: Map<string, ServerRow>;
  /** Scopes that the rows were in at some time since the transaction began. */
  readonly scopes: Map<string, Set<string>>;
  /** Keys that it gave anew, by the row that asked for another. */
  readonly renames: Map<string, { readonly key: string }>;
  readonly outcomes: StoredOutcome[];
  readonly committed: Committed[];
  readonly reviews: { readonly id: string; readonly client: number; readonly names: readonly string[] }[];
  readonly endedReviews: string[];
  readonly reply: CoreMessage | undefined;
  /** A write by plain SQL. */
  readonly plain?: { readonly table: string; readonly key: string; readonly after: Values | null };
}
