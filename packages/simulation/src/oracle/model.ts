import type { CellKind, Cells } from './cells.ts';

/** Who decides when an edit meets another: the rules of the words in `SEMANTICS`, as data. */
export type EditRule =
  | { readonly kind: 'server-wins' | 'client-wins' | 'latest-wins' }
  | { readonly kind: 'earliest-wins'; readonly column?: string }
  | { readonly kind: 'role-wins'; readonly role: string; readonly then?: EditRule }
  | { readonly kind: 'merge'; readonly then?: EditRule }
  | { readonly kind: 'review'; readonly until?: 'hold' | 'apply' };

export type InsertRule =
  | { readonly kind: 'new-key' | 'reject' }
  | { readonly kind: 'merge'; readonly then?: EditRule };

export interface OracleColumn {
  readonly kind: CellKind;
  /** The table whose row this one needs. */
  readonly needs?: string;
}

/** A table as the oracle knows it. */
export interface OracleTable {
  readonly name: string;
  /** Its key column; it is not among `columns`. */
  readonly key: string;
  readonly columns: Readonly<Record<string, OracleColumn>>;
  readonly edits: EditRule;
  /** Columns with a rule of their own. */
  readonly fields: Readonly<Record<string, EditRule>>;
  readonly inserts: InsertRule;
  readonly deletes: 'ask' | 'delete-wins' | 'edit-wins';
  /** The scopes that a row is in. */
  scopesOf(key: string, row: Cells): readonly string[];
}

/** When and where an edit was made, by the device's own clock. */
export interface Stamp {
  readonly millis: number;
  readonly counter: number;
  readonly node: string;
}

/** What a write did to one row, and what its author had before him. */
export interface OracleChange {
  readonly table: string;
  readonly key: string;
  readonly op: 'insert' | 'update' | 'delete';
  /** Columns written; none for a delete. */
  readonly wrote: Cells;
  /** The row as the author saw it; null when there was none. */
  readonly saw: Cells | null;
  /** Columns whose seen value was not yet the server's, with the write that had made it. */
  readonly unsettled: Readonly<Record<string, string>>;
  /** The row as the server had last told it; null when the server had told nothing. */
  readonly told: Cells | null;
  /** Server time of what was told; 0 when nothing was. */
  readonly toldAt: number;
}

/** One local transaction. */
export interface OracleWrite {
  readonly id: string;
  readonly client: string;
  readonly stamp: Stamp;
  readonly changes: readonly OracleChange[];
}

/** What the server knew when it took a write in. */
export interface Receipt {
  readonly roles: readonly string[];
  /** UTC milliseconds. */
  readonly at: number;
  /** By how much a clock may be out, in milliseconds. */
  readonly tolerance: number;
}

export const rowNameOf = (table: string, key: string): string => `${table}/${key}`;
