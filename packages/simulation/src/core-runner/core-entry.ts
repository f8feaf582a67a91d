import { type Hlc, type OutboxItem, type OutboxState, rowName } from '@satchel/core';
import type { Change, Op, Values } from '@satchel/protocol';
import { type CoreTable, LANES } from './core-tables.ts';

/** One row changed by a local transaction. */
export interface Edit {
  readonly table: string;
  readonly key: string;
  readonly op: Op;
  readonly values: Values;
}

export interface LocalChange {
  readonly table: string;
  key: string;
  op: Op;
  /** Insert: the whole row; update: what was written. */
  values: Values;
  old: Values | null;
  /** The row as the edit left it. */
  left: Values | null;
  wire: Change;
}

export interface CoreEntry {
  readonly mutationId: string;
  readonly runId: string;
  readonly seq: number;
  readonly position: number;
  hlc: Hlc;
  state: OutboxState;
  lane: string;
  attempts: number;
  nextAt: number | null;
  everSent: boolean;
  readonly changes: LocalChange[];
  frozen: readonly Change[] | null;
  readonly heard: ReadonlySet<string>;
  outcome: string | null;
}

export interface BaseRow {
  readonly values: Values;
  readonly version: number;
}

/** What became of a local transaction. */
export interface Wrote {
  readonly mutationId: string;
  readonly hlc: Hlc;
  readonly folded: boolean;
  /** The visible rows and the server's word on them, before. */
  readonly before: readonly { readonly saw: Values | null; readonly told: BaseRow | null }[];
}

export interface Renamed {
  readonly table: string;
  readonly key: string;
  readonly newKey: string;
}

/** The outbox as the order of sending sees it. */
export const itemsOf = (outbox: readonly CoreEntry[], tables: ReadonlyMap<string, CoreTable>): OutboxItem[] =>
  outbox.map(({ position, lane, state, nextAt, changes }) => ({
    position,
    lane,
    state,
    nextAt,
    bytes: 100 * changes.length,
    touches: changes.map(({ table, key, op }) => ({ row: rowName(table, key), op })),
    references: changes.flatMap(({ table, values, old }) => {
      const refers = tables.get(table)!.refers;
      if (!refers) return [];
      return [values, old].flatMap((image) => {
        const parent = image?.[refers.column];
        return typeof parent === 'string' ? [rowName(refers.to, parent)] : [];
      });
    }),
  }));

/** The most urgent of the lanes of its tables. */
export const laneOf = (changes: readonly LocalChange[], tables: ReadonlyMap<string, CoreTable>): string => {
  const lanes = changes.map(({ table }) => tables.get(table)!.lane);
  return LANES.find((lane) => lanes.includes(lane))!;
};
