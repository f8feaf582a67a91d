import type { Values } from '@satchel/protocol';
import type { RowAddress } from './row-address.ts';
import type { UniqueIndex } from './unique-index.ts';

/** A row as the server has it: locked, read, in canonical values. */
export interface RowState {
  /** `null`: there is no such row. */
  readonly values: Values | null;
  /** The highest version that any scope's entry of the row has; 0 when it never had one. */
  readonly version: number;
  /** Scopes that hold it; of a deleted row, those that held it last. */
  readonly scopes: readonly string[];
  /** It was there once. */
  readonly deleted: boolean;
}

/**
 * The rows of a batch as its mutations see them, one after the other: what was read,
 * with the effects of the mutations before laid over. Each mutation works on a draft of
 * its own, which is kept whole or thrown away whole.
 */
export class WorkingRows {
  readonly #read: ReadonlyMap<RowAddress, RowState>;
  readonly #now = new Map<RowAddress, Values | null>();
  /** Who has which unique value among the rows that mutations wrote; only where breaches are looked for. */
  readonly #unique: UniqueIndex | undefined;

  constructor(read: ReadonlyMap<RowAddress, RowState>, unique?: UniqueIndex) {
    this.#read = read;
    this.#unique = unique;
  }

  draft(): RowDraft {
    return new RowDraft(this.#read, this.#now, this.#unique);
  }

  /** What one mutation made of a row, kept at once. */
  set(address: RowAddress, values: Values | null): void {
    this.#now.set(address, values);
  }

  /** Net effects of all that was kept. */
  *effects(): Iterable<{
    readonly address: RowAddress;
    readonly before: Values | null;
    readonly after: Values | null;
  }> {
    for (const [address, after] of this.#now) {
      const before = this.#read.get(address)?.values ?? null;
      if (before !== after) yield { address, before, after };
    }
  }
}

export class RowDraft {
  readonly #read: ReadonlyMap<RowAddress, RowState>;
  readonly #kept: Map<RowAddress, Values | null>;
  readonly keptUnique: UniqueIndex | undefined;
  /** What the mutation made of rows. */
  readonly changed = new Map<RowAddress, Values | null>();

  constructor(
    read: ReadonlyMap<RowAddress, RowState>,
    kept: Map<RowAddress, Values | null>,
    keptUnique: UniqueIndex | undefined,
  ) {
    this.#read = read;
    this.#kept = kept;
    this.keptUnique = keptUnique;
  }

  /** The row as it was read, before any mutation of the batch. */
  read(address: RowAddress): RowState | undefined {
    return this.#read.get(address);
  }

  /** Its values before this mutation. */
  before(address: RowAddress): Values | null {
    const kept = this.#kept.get(address);
    return kept === undefined ? (this.#read.get(address)?.values ?? null) : kept;
  }

  /** Its values now. */
  values(address: RowAddress): Values | null {
    const own = this.changed.get(address);
    return own === undefined ? this.before(address) : own;
  }

  /** As `values`, but `undefined` for a row that nobody read or wrote. */
  current(address: RowAddress): Values | null | undefined {
    return this.changed.has(address) || this.#kept.has(address) || this.#read.has(address)
      ? this.values(address)
      : undefined;
  }

  set(address: RowAddress, values: Values | null): void {
    this.changed.set(address, values);
  }

  keep(): void {
    for (const [address, values] of this.changed) {
      this.keptUnique?.replace(address, this.before(address), values);
      this.#kept.set(address, values);
    }
  }
}
