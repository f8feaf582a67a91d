import type { FieldWriter } from '@satchel/core';
import type { ConflictKind, Json, Value, Values } from '@satchel/protocol';
import type { App, Principal } from '@satchel/schema';
import type { Offering } from './offering.ts';
import type { RowAddress } from './row-address.ts';
import type { RowState } from './row-state.ts';
import type { Submitted } from './submitted.ts';

/** An earlier mutation of the same client that waits and that touches a row. */
export type Waiting =
  | {
      readonly kind: 'held';
      readonly parent: { readonly table: string; readonly key: string };
      readonly until: number;
    }
  | { readonly kind: 'review'; readonly conflictIds: readonly string[] };

/** What a person ruled of a conflict: whole, and where it differs column by column. */
export interface Ruling {
  readonly kind: ConflictKind;
  readonly take: 'client' | 'server';
  /** The columns that clash. */
  readonly columns: readonly string[];
  readonly fields: Readonly<
    Record<string, { readonly take: 'client' | 'server' } | { readonly take: 'value'; readonly value: Json }>
  >;
}

/** All that the decisions on a batch are made from. Read once, under the rows' locks. */
export interface Facts {
  readonly app: App;
  readonly principal: Principal;
  /** Server time of receipt, UTC milliseconds. */
  readonly now: number;
  /** Scopes that the principal may hold. */
  readonly scopes: ReadonlySet<string>;
  /** An administrator answers for the batch: scopes are not asked. */
  readonly isTrusted: boolean;
  readonly rows: ReadonlyMap<RowAddress, RowState>;
  /** Last known values of a row that was deleted. */
  lastValues(address: RowAddress): Values | null;
  writer(address: RowAddress, column: string): FieldWriter | undefined;
  /** Server time at which the row got the version; 0 when nobody wrote it down. */
  versionTime(address: RowAddress, version: number): number;
  /** The row at a version, as the audit has it. */
  valuesAt(address: RowAddress, version: number): Values | undefined;
  /** Whether there are such keys at all. */
  readonly hasNewKeys: boolean;
  /** The key that an earlier mutation of the client was given instead, where this one does not know of it. */
  newKey(submitted: Submitted, address: RowAddress): string | undefined;
  /** What the outcome of an earlier mutation says the column became. */
  became(mutationId: string, address: RowAddress, column: string): Value | undefined;
  /** Whether there are such mutations at all. */
  readonly hasWaiting: boolean;
  waiting(address: RowAddress, submitted: Submitted): Waiting | undefined;
  /** The open review of a row, whoever opened it. */
  openReview(address: RowAddress): string | undefined;
  /** Whether earlier mutations of the run may still come. */
  earlierOutstanding(submitted: Submitted): boolean;
  /** On a row of a mutation that waited for a person. */
  ruling(address: RowAddress): Ruling | undefined;
  /** Set while offers mean something. */
  readonly offering: Offering | undefined;
  /** The highest version offered for a column; -1 for none. */
  offered(address: RowAddress, column: string): number;
  /** What was written to a row in the present history, other than by offers. */
  writtenSince(address: RowAddress): WrittenSince | undefined;
  /** Only after the database refused the batch. */
  readonly probe: Probe | undefined;
}

export interface WrittenSince {
  readonly columns: ReadonlySet<string>;
  /** It was made or deleted. */
  readonly row: boolean;
}

/** What the database would refuse, found out beforehand. */
export interface Probe {
  /** Whether a row that others refer to is there, before the batch. */
  exists(address: RowAddress): boolean;
  /** Rows that refer to one, before the batch, and keep it from being deleted. */
  children(address: RowAddress): readonly Child[];
  /** The row that has these values in the unique columns, before the batch. */
  holder(table: string, columns: readonly string[], values: Values): string | undefined;
}

export interface Child {
  readonly table: string;
  readonly key: string;
  /** The columns that refer. */
  readonly columns: readonly string[];
}
