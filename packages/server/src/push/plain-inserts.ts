import { writerColumns } from '@satchel/core';
import type { Change } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import type { BatchMemory } from './decide.ts';
import type { Facts } from './facts.ts';
import { type RowAddress, rowAddress } from './row-address.ts';
import type { RowDraft, WorkingRows } from './row-state.ts';
import type { Submitted } from './submitted.ts';
import type { Effect, SettledVerdict } from './verdict.ts';

const NONE: readonly never[] = [];

/** Whether new rows of a table are asked nothing but whether their key is free. */
const isPlain = (table: Table): boolean =>
  writerColumns(table.columns, table.conflicts).size === 0 &&
  Object.values(table.columns).every(({ validators = NONE }) => validators.length === 0);

/**
 * Decides mutations that do nothing but insert rows where none are: no policy has a say
 * in them, no fact besides the rows is asked for, and nothing that waits or was renamed
 * is about. Most of what comes from a device that was away is of this kind; by way of
 * `MutationTrial` each cost ten times as much, and the same comes of it.
 */
export class PlainInserts {
  readonly #facts: Facts;
  readonly #batch: BatchMemory;
  readonly #rows: WorkingRows;
  /** Sees every row as it is after what was decided. */
  readonly #now: RowDraft;
  readonly #tables = new Map<string, boolean>();

  constructor(facts: Facts, batch: BatchMemory, rows: WorkingRows) {
    this.#facts = facts;
    this.#batch = batch;
    this.#rows = rows;
    this.#now = rows.draft();
  }

  /** `undefined` for any other mutation. */
  decide(submitted: Submitted): SettledVerdict | undefined {
    const { changes } = submitted;
    if (submitted.refused !== undefined || submitted.offer !== undefined || changes.length === 0)
      return undefined;
    if (this.#facts.probe !== undefined || this.#batch.hasNewKeys || this.#batch.hasWaiting) return undefined;
    const effects: Effect[] = [];
    for (const change of changes) {
      const address = this.#freeAddress(change);
      if (address === undefined) return undefined;
      const { table, key, values } = change;
      effects.push({ address, table, key, before: null, after: values ?? {} });
    }
    if (effects.length > 1 && new Set(effects.map(({ address }) => address)).size < effects.length)
      return undefined;
    for (const { address, after } of effects) this.#rows.set(address, after);
    this.#batch.keepInserts(submitted);
    const tellRow = !submitted.asSent;
    return {
      kind: 'settled',
      submitted,
      outcome: 'applied',
      changes: changes.map(({ table, key }) => ({ table, key, outcome: 'applied', tellRow })),
      effects,
      conflicts: NONE,
      joins: NONE,
      stamps: NONE,
      offered: NONE,
      renamed: NONE,
    };
  }

  #freeAddress({ op, table, key }: Change): RowAddress | undefined {
    if (op !== 'insert' || !this.#isPlainTable(table)) return undefined;
    const address = rowAddress(table, key);
    const isFree = this.#now.before(address) === null && this.#facts.ruling(address) === undefined;
    return isFree ? address : undefined;
  }

  #isPlainTable(name: string): boolean {
    let plain = this.#tables.get(name);
    if (plain === undefined) {
      const table = this.#facts.app.tables[name];
      plain = table !== undefined && isPlain(table);
      this.#tables.set(name, plain);
    }
    return plain;
  }
}
