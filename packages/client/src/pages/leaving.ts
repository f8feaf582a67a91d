import { rowName } from '@satchel/core';
import { readRowState, removeRow } from '../database/rows.ts';
import type { EngineContext } from '../engine-context.ts';
import { entryOfChange } from '../outbox/entry.ts';
import { changesOfRow, type RowSet } from '../outbox/pending.ts';
import { quarantineEntry } from '../outbox/quarantine.ts';
import { readBase, writeBase } from './base.ts';
import { dropHolds } from './holds.ts';

/** Why a row may go. `swept`: it did not come again when its scope was copied anew. */
export type LeavingReason = 'deleted' | 'left' | 'swept';

interface Leaving {
  readonly table: string;
  readonly key: string;
  readonly reason: LeavingReason;
  /** The version at which the server let it go, where it says one. */
  readonly version: number | null;
}

/** Rows that lost a hold in a page; which of them go is seen when the whole page is in (rule 53). */
export class LeavingRows {
  readonly #rows = new Map<string, Leaving>();

  add(leaving: Leaving): void {
    const name = rowName(leaving.table, leaving.key);
    const known = this.#rows.get(name);
    // A deletion is told for one scope and may be a mere leaving in the words of another.
    if (known?.reason === 'deleted' && leaving.reason !== 'deleted') return;
    this.#rows.set(name, leaving);
  }

  /** Takes the rows that no scope holds any more off the device. Returns how many mutations went to quarantine. */
  settle(context: EngineContext, dirty: RowSet, tables: Set<string>): number {
    let quarantined = 0;
    for (const leaving of this.#rows.values()) quarantined += settleOne(context, leaving, dirty, tables);
    return quarantined;
  }
}

const settleOne = (context: EngineContext, leaving: Leaving, dirty: RowSet, tables: Set<string>): number => {
  const { table, key, reason, version } = leaving;
  const local = context.tables.get(table)!;
  const base = readBase(context, table, key);
  const state = base ?? readRowState(context, local, key);
  if (!state || state.hold !== null) return 0;
  // The device knows of a newer state (its own write, answered meanwhile): the next delta tells of it.
  if (version !== null && state.version !== null && state.version > version) return 0;
  const pending = changesOfRow(context, table, key);
  // A new row of this device under that key is nothing that the server could let go of.
  if (!base && pending.length > 0) return 0;
  tables.add(table);
  if (!base) {
    removeRow(context, local, key);
    dropHolds(context, table, key);
    return 0;
  }
  writeBase(context, table, key, {
    version: Math.max(base.version, version ?? 0),
    hold: null,
    row: null,
    gone: reason === 'left' ? 'left' : 'deleted',
  });
  dirty.add(table, key);
  return reason === 'left' ? quarantineWork(context, leaving, pending, dirty) : 0;
};

/** Unsent work on a row that is no longer the user's: kept, with the reason (rule 55). */
const quarantineWork = (
  context: EngineContext,
  { table, key }: Leaving,
  pending: ReturnType<typeof changesOfRow>,
  dirty: RowSet,
): number => {
  let quarantined = 0;
  for (const { changeId } of pending) {
    const entry = entryOfChange(context, changeId);
    const problem = { code: 'scope_left', params: { table, key } };
    if (entry && quarantineEntry(context, entry, problem, dirty)) quarantined += 1;
  }
  return quarantined;
};
