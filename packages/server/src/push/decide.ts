import { InvariantError, unreachable, type Values } from '@satchel/protocol';
import type { Facts, Waiting } from './facts.ts';
import { MutationTrial } from './mutation-trial.ts';
import { PlainInserts } from './plain-inserts.ts';
import { type RowAddress, rowAddress } from './row-address.ts';
import { type RowDraft, WorkingRows } from './row-state.ts';
import { inRunOrder } from './run-order.ts';
import type { Submitted } from './submitted.ts';
import { UniqueIndex } from './unique-index.ts';
import { type PushConflict, refusal, type Verdict } from './verdict.ts';

export interface Decided {
  /** In the order in which they were decided. */
  readonly verdicts: readonly Verdict[];
  /** The rows after all of them. */
  readonly rows: WorkingRows;
}

/**
 * Decides a batch: pure, mutation by mutation in the order of each run, every one on
 * the rows as the ones before left them. A mutation takes effect whole or not at all,
 * and what becomes of one does not hinder the next.
 */
export const decide = (facts: Facts, submitted: readonly Submitted[]): Decided => {
  const rows = new WorkingRows(facts.rows, facts.probe && new UniqueIndex(facts.app));
  const batch = new BatchMemory(facts);
  const inserts = new PlainInserts(facts, batch, rows);
  const verdicts = inRunOrder(submitted).map(
    (one) => inserts.decide(one) ?? decideMutation(facts, batch, rows, one),
  );
  return { verdicts, rows };
};

/** A key that a row got instead of its own, in the mutation that inserts it. */
export interface GivenKey {
  readonly newKey: string;
  /** `merge-into`: the key of the row that it was merged into. */
  readonly kind: 'new-key' | 'merge-into';
  readonly conflict: PushConflict | undefined;
}

/** What mutations of a batch leave to those that come after them. */
export class BatchMemory {
  readonly #facts: Facts;
  readonly #keys = new Map<string, string>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #offered = new Map<string, number>();
  readonly #became = new Map<string, Values | null>();
  /** Mutations that only inserted, by id: what rows became stands in them, until it is asked for. */
  readonly #inserts = new Map<string, Submitted>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** Whether the server gave any keys of its own to rows of these clients. */
  get hasNewKeys(): boolean {
    return this.#keys.size > 0 || this.#facts.hasNewKeys;
  }

  /** The key that the server gave instead, for later mutations of the same client. */
  newKey(submitted: Submitted, address: RowAddress): string | undefined {
    return this.#keys.get(`${submitted.clientId} ${address}`) ?? this.#facts.newKey(submitted, address);
  }

  /** Whether anything of these clients waits. */
  get hasWaiting(): boolean {
    return this.#waiting.size > 0 || this.#facts.hasWaiting;
  }

  waiting(submitted: Submitted, address: RowAddress): Waiting | undefined {
    return this.#waiting.get(`${submitted.clientId} ${address}`) ?? this.#facts.waiting(address, submitted);
  }

  /** The row as a mutation of this batch left it. */
  became(mutationId: string, address: RowAddress): Values | null | undefined {
    for (const { table, key, values } of this.#inserts.get(mutationId)?.changes ?? [])
      this.#became.set(`${mutationId} ${rowAddress(table, key)}`, values ?? null);
    this.#inserts.delete(mutationId);
    return this.#became.get(`${mutationId} ${address}`);
  }

  /** The highest version offered for a column until now. */
  offered(address: RowAddress, column: string): number {
    return Math.max(this.#offered.get(`${address}\n${column}`) ?? -1, this.#facts.offered(address, column));
  }

  keepInserts(submitted: Submitted): void {
    this.#inserts.set(submitted.mutation.mutationId, submitted);
  }

  keep(verdict: Verdict, draft: RowDraft, given: ReadonlyMap<RowAddress, GivenKey>): void {
    const { submitted } = verdict;
    const { clientId, mutation } = submitted;
    switch (verdict.kind) {
      case 'settled':
        if (verdict.outcome === 'rejected') return;
        draft.keep();
        for (const { table, key } of verdict.changes) {
          const address = rowAddress(table, key);
          this.#became.set(`${mutation.mutationId} ${address}`, draft.values(address));
        }
        for (const { address, column, version } of verdict.offered) {
          this.#offered.set(`${address}\n${column}`, version);
        }
        for (const [address, { newKey }] of given) this.#keys.set(`${clientId} ${address}`, newKey);
        return;
      case 'review': {
        const own = verdict.conflicts.map(({ conflictId }) => conflictId);
        this.#wait(submitted, { kind: 'review', conflictIds: [...verdict.joins, ...own] });
        return;
      }
      case 'held':
        this.#wait(submitted, { kind: 'held', parent: verdict.parent, until: verdict.until });
        return;
      case 'needs-earlier':
        return;
      default:
        unreachable(verdict);
    }
  }

  #wait({ clientId, changes }: Submitted, waiting: Waiting): void {
    for (const { table, key } of changes) this.#waiting.set(`${clientId} ${rowAddress(table, key)}`, waiting);
  }
}

const decideMutation = (
  facts: Facts,
  batch: BatchMemory,
  rows: WorkingRows,
  submitted: Submitted,
): Verdict => {
  if (submitted.refused) return refusal(submitted, submitted.refused);
  // A key that clashes is given up for another and the mutation decided anew, so that
  // its other changes follow the new one. Each change can do so once.
  const given = new Map<RowAddress, GivenKey>();
  for (let attempt = 0; attempt <= submitted.changes.length; attempt++) {
    const draft = rows.draft();
    const verdict = new MutationTrial(facts, batch, submitted, draft, given).run();
    if (verdict === 'again') continue;
    batch.keep(verdict, draft, given);
    return verdict;
  }
  throw new InvariantError('a mutation went on giving up keys');
};
