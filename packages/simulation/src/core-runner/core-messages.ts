import type { Hlc, Ranges } from '@satchel/core';
import type { Change, OutcomeKind, Values } from '@satchel/protocol';

/** A mutation on the wire of the small model. */
export interface SentMutation {
  readonly mutationId: string;
  readonly runId: string;
  readonly seq: number;
  readonly hlc: Hlc;
  readonly changes: readonly Change[];
  /** Keys given by the server instead that its author knew of. */
  readonly heard: ReadonlySet<string>;
  /** Whether its author keeps earlier ones of the run that are not in this batch. */
  readonly leavesEarlier: boolean;
}

export interface ToldChange {
  readonly table: string;
  readonly key: string;
  readonly newKey?: string;
  readonly version: number | undefined;
  readonly row: Values | null;
}

export interface ToldOutcome {
  readonly mutationId: string;
  readonly outcome: OutcomeKind;
  readonly forgotten?: boolean;
  readonly changes: readonly ToldChange[];
}

export type Answer =
  | { readonly kind: 'outcome'; readonly outcome: ToldOutcome }
  | { readonly kind: 'needs-earlier'; readonly mutationId: string; readonly seq: number };

export interface ScopeDelta {
  readonly scope: string;
  readonly action: 'delta' | 'backfill' | 'left';
  readonly rows: readonly {
    readonly table: string;
    readonly key: string;
    readonly version: number;
    readonly row: Values;
  }[];
  readonly gone: readonly {
    readonly table: string;
    readonly key: string;
    readonly reason: 'deleted' | 'left';
  }[];
}

/** What a client holds up to which moment: packed snapshots by scope. */
export interface CoreCursor {
  readonly number: number;
  readonly outcomes: string;
  readonly scopes: Readonly<Record<string, string>>;
}

export interface CorePage {
  readonly from: number;
  readonly cursor: CoreCursor;
  readonly scopes: readonly ScopeDelta[];
  readonly outcomes: readonly ToldOutcome[];
  /** The server's time. */
  readonly at: number;
}

export type CoreMessage =
  | {
      readonly kind: 'push';
      readonly client: number;
      readonly mutations: readonly SentMutation[];
      readonly tag: number;
    }
  | {
      readonly kind: 'answers';
      readonly client: number;
      readonly answers: readonly Answer[];
      readonly tag: number;
    }
  | {
      readonly kind: 'pull';
      readonly client: number;
      readonly cursor: CoreCursor | null;
      readonly settled: { readonly runId: string; readonly ranges: Ranges };
      readonly tag: number;
    }
  | { readonly kind: 'page'; readonly client: number; readonly page: CorePage; readonly tag: number };
