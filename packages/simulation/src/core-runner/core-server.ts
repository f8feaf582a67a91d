import {
  addSeq,
  containsSeq,
  covers,
  type FieldWriter,
  gravest,
  isVisible,
  mergeRanges,
  packSnapshot,
  type Ranges,
  type RowVerdict,
  rowName,
  type Snapshot,
  unpackSnapshot,
} from '@satchel/core';
import type { Change, OutcomeKind, Values } from '@satchel/protocol';
import { CoreEntries } from './core-entries.ts';
import type {
  Answer,
  CoreCursor,
  CoreMessage,
  CorePage,
  ScopeDelta,
  SentMutation,
  ToldChange,
  ToldOutcome,
} from './core-messages.ts';
import { CoreRows } from './core-rows.ts';
import type { CoreTable } from './core-tables.ts';
import type { CoreTransaction, ServerRow, StoredOutcome } from './core-transaction.ts';

type PushMessage = Extract<CoreMessage, { readonly kind: 'push' }>;
type PullMessage = Extract<CoreMessage, { readonly kind: 'pull' }>;

/**
 * The server as far as the core is concerned: transactions that overlap and commit in
 * any order, one entry per scope and row, outcomes kept with their effects. What is
 * decided (merge, snapshots, ranges) is the core's; this is only a place to put it.
 */
export class CoreServer {
  readonly #tables: ReadonlyMap<string, CoreTable>;
  readonly #rolesOf: (client: number) => readonly string[];
  readonly #rows: CoreRows;
  readonly #entries: CoreEntries;
  readonly #outcomes = new Map<string, StoredOutcome>();
  readonly #forgotten = new Map<string, Ranges>();
  readonly #reviews = new Map<string, { readonly client: number; readonly names: readonly string[] }>();
  readonly #renames = new Map<number, Map<string, { readonly key: string }>>();
  readonly grants: Set<string>[];
  readonly open: CoreTransaction[] = [];
  readonly waiting: PushMessage[] = [];
  #nextXid = 100n;

  constructor(
    tables: readonly CoreTable[],
    clients: number,
    rolesOf: (client: number) => readonly string[],
    grants: readonly ReadonlySet<string>[],
  ) {
    this.#tables = new Map(tables.map((table) => [table.name, table]));
    this.#rolesOf = rolesOf;
    this.#rows = new CoreRows(this.#tables, rolesOf);
    this.#entries = new CoreEntries(this.#rows.committed);
    this.grants = Array.from({ length: clients }, (_, client) => new Set(grants[client]));
  }

  /** Every row that ever was, as committed. */
  get rows(): ReadonlyMap<string, ServerRow> {
    return this.#rows.committed;
  }

  get reviewsOpen(): readonly string[] {
    return [...this.#reviews.keys()];
  }

  /** Gone entries, reviews, stored outcomes: what must stay within bounds. */
  sizes(): { readonly outcomes: number; readonly ranges: number } {
    let ranges = 0;
    for (const kept of this.#forgotten.values()) ranges += kept.length;
    return { outcomes: this.#outcomes.size, ranges };
  }

  snapshot(): Snapshot {
    const xip = this.open.map(({ xid }) => xid).sort((a, b) => (a < b ? -1 : 1));
    return { xmin: xip[0] ?? this.#nextXid, xmax: this.#nextXid, xip };
  }

  /** Takes a push that came in; it waits where another transaction has its rows or its ids. */
  take(message: PushMessage, now: number): void {
    if (!this.#begin(message, now)) this.waiting.push(message);
  }

  /** A program that knows nothing of Satchel. Nothing happens where the row is locked. */
  writePlain(table: string, key: string, after: Values | null, now: number): boolean {
    const name = rowName(table, key);
    if (this.#isLocked(name)) return false;
    const tx = this.#openTransaction(now, new Set([name]), undefined, { table, key, after });
    const before = this.rows.get(name);
    const stamp = { millis: now, counter: 0, nodeId: 'server' };
    const writers: Record<string, FieldWriter> = after ? { ...before?.writers } : {};
    for (const [column, value] of Object.entries(after ?? {})) {
      if (before?.values?.[column] !== value) writers[column] = { hlc: stamp, roles: [] };
    }
    this.#rows.writeRow(tx, table, key, after, writers);
    return true;
  }

  /** A person takes the server's side of a held mutation. */
  settleForServer(id: string, now: number): boolean {
    const review = this.#reviews.get(id);
    const stored = this.#outcomes.get(id);
    if (!review || !stored || review.names.some((name) => this.#isLocked(name))) return false;
    const tx = this.#openTransaction(now, new Set(review.names), undefined);
    tx.endedReviews.push(id);
    const told: ToldOutcome = {
      ...stored.told,
      outcome: 'superseded',
      changes: stored.told.changes.map((change) => this.#toldAsIs(tx, change.table, change.key)),
    };
    tx.outcomes.push({ ...stored, told, xid: tx.xid });
    return true;
  }

  /** Commits a transaction; what waited for it goes on. */
  commit(tx: CoreTransaction, now: number): CoreMessage | undefined {
    this.open.splice(this.open.indexOf(tx), 1);
    for (const [name, row] of tx.rows) {
      this.#entries.note(tx.xid, tx.scopes.get(name) ?? [], row);
      this.#rows.committed.set(name, row);
    }
    for (const stored of tx.outcomes) {
      this.#outcomes.set(stored.told.mutationId, stored);
      const images = new Map<string, Values | null>();
      if (stored.told.outcome !== 'review' && stored.told.outcome !== 'rejected') {
        for (const { table, key, newKey, row } of stored.told.changes)
          images.set(rowName(table, newKey ?? key), row);
        this.#rows.noteBecame(stored.told.mutationId, images);
      }
      for (const { table, key, newKey } of stored.told.changes) {
        if (newKey === undefined) continue;
        const renames = this.#renames.get(stored.client) ?? new Map();
        renames.set(rowName(table, key), { key: newKey });
        this.#renames.set(stored.client, renames);
      }
    }
    for (const { id, client, names } of tx.reviews) this.#reviews.set(id, { client, names });
    for (const id of tx.endedReviews) this.#reviews.delete(id);
    this.#resume(now);
    return tx.reply;
  }

  /** The server falls over: what was not committed is as if it had never been. */
  crash(): void {
    this.open.length = 0;
    this.waiting.length = 0;
  }

  abort(tx: CoreTransaction, now: number): void {
    this.open.splice(this.open.indexOf(tx), 1);
    this.#resume(now);
  }

  pull({ client, cursor, settled }: PullMessage, now: number): CorePage {
    this.#collect(client, settled);
    const snapshot = this.snapshot();
    const granted = this.grants[client]!;
    const held = cursor?.scopes ?? {};
    const scopes: ScopeDelta[] = [];
    for (const scope of Object.keys(held)) {
      if (!granted.has(scope)) scopes.push({ scope, action: 'left', rows: [], gone: [] });
    }
    for (const scope of granted) {
      const from = held[scope];
      const since = from === undefined ? undefined : unpackSnapshot(from);
      const horizon = this.#entries.horizonOf(scope);
      const usable = since && (!horizon || covers(since, horizon));
      scopes.push(this.#entries.delta(scope, usable ? since : undefined));
    }
    const since = cursor ? unpackSnapshot(cursor.outcomes) : undefined;
    const outcomes: ToldOutcome[] = [];
    for (const stored of this.#outcomes.values()) {
      if (stored.client === client && !(since && isVisible(since, stored.xid))) outcomes.push(stored.told);
    }
    const text = packSnapshot(snapshot);
    const next: CoreCursor = {
      number: (cursor?.number ?? 0) + 1,
      outcomes: text,
      scopes: Object.fromEntries([...granted].map((scope) => [scope, text])),
    };
    return { from: cursor?.number ?? 0, cursor: next, scopes, outcomes, at: now };
  }

  /** Forgets what is gone and that every cursor above the horizon has heard of. */
  prune(): number {
    return this.#entries.prune(this.snapshot());
  }

  #collect(client: number, { runId, ranges }: PullMessage['settled']): void {
    if (ranges.length === 0) return;
    for (const [id, stored] of this.#outcomes) {
      if (stored.client !== client || stored.runId !== runId || !containsSeq(ranges, stored.seq)) continue;
      if (this.#reviews.has(id)) continue;
      this.#outcomes.delete(id);
      const run = `${client}/${runId}`;
      this.#forgotten.set(run, mergeRanges(addSeq(this.#forgotten.get(run) ?? [], stored.seq), []));
    }
  }

  #isLocked(name: string): boolean {
    return this.open.some(({ locks }) => locks.has(name));
  }

  #openTransaction(
    at: number,
    locks: Set<string>,
    reply: CoreMessage | undefined,
    plain?: CoreTransaction['plain'],
  ): CoreTransaction {
    const tx: CoreTransaction = {
      xid: this.#nextXid++,
      at,
      locks,
      claims: new Set(),
      rows: new Map(),
      scopes: new Map(),
      renames: new Map(),
      outcomes: [],
      committed: [],
      reviews: [],
      endedReviews: [],
      reply,
      ...(plain && { plain }),
    };
    this.open.push(tx);
    return tx;
  }

  #resume(now: number): void {
    for (const message of this.waiting.splice(0)) if (!this.#begin(message, now)) this.waiting.push(message);
  }

  #begin(message: PushMessage, now: number): boolean {
    const locks = new Set<string>();
    for (const mutation of message.mutations) {
      for (const change of this.#underNewKeys(message.client, mutation)) this.#lock(change, locks);
    }
    const clashes = this.open.some(
      (tx) =>
        [...locks].some((name) => tx.locks.has(name)) ||
        message.mutations.some(({ mutationId }) => tx.claims.has(mutationId)),
    );
    if (clashes) return false;
    const answers: Answer[] = [];
    const tx = this.#openTransaction(now, locks, {
      kind: 'answers',
      client: message.client,
      answers,
      tag: message.tag,
    });
    for (const mutation of message.mutations) {
      tx.claims.add(mutation.mutationId);
      answers.push(this.#answer(tx, message, mutation));
    }
    return true;
  }

  #lock({ table, key, values }: Change, locks: Set<string>): void {
    const name = rowName(table, key);
    locks.add(name);
    const refers = this.#tables.get(table)!.refers;
    if (!refers) return;
    for (const image of [values, this.rows.get(name)?.values]) {
      const parent = image?.[refers.column];
      if (typeof parent === 'string') locks.add(rowName(refers.to, parent));
    }
  }

  /** What a client wrote under a key before it knew that the server had given another. */
  #underNewKeys(client: number, { changes, heard }: SentMutation, tx?: CoreTransaction): readonly Change[] {
    const renames = this.#renames.get(client);
    if (!renames && !tx?.renames.size) return changes;
    const unheard = (name: string) => {
      const renamed = tx?.renames.get(name) ?? renames?.get(name);
      return renamed && heard.has(renamed.key) ? undefined : renamed;
    };
    return changes.map((change) => {
      const own = unheard(rowName(change.table, change.key));
      const refers = this.#tables.get(change.table)!.refers;
      const parent = refers && change.values?.[refers.column];
      const moved = refers && typeof parent === 'string' ? unheard(rowName(refers.to, parent)) : undefined;
      if (!own && !moved) return change;
      return {
        ...change,
        ...(own && { key: own.key }),
        ...(moved && refers && { values: { ...change.values, [refers.column]: moved.key } }),
      };
    });
  }

  #answer(tx: CoreTransaction, { client }: PushMessage, mutation: SentMutation): Answer {
    const { mutationId, runId, seq } = mutation;
    const changes = this.#underNewKeys(client, mutation, tx);
    const stored =
      this.#outcomes.get(mutationId) ?? tx.outcomes.find(({ told }) => told.mutationId === mutationId);
    if (stored) return { kind: 'outcome', outcome: stored.told };
    if (containsSeq(this.#forgotten.get(`${client}/${runId}`) ?? [], seq)) {
      return {
        kind: 'outcome',
        outcome: { mutationId, outcome: 'applied', forgotten: true, changes: [] },
      };
    }
    const verdicts = changes.map((change) => this.#rows.decide(tx, client, mutation, change));
    let outcome = gravest(verdicts.map((verdict) => verdict.outcome));
    const missing =
      outcome === 'rejected'
        ? verdicts.some(({ problem }) => problem?.code === 'row_missing')
        : this.#rows.breaksReference(tx, changes, verdicts);
    if (missing && mutation.leavesEarlier) {
      return { kind: 'needs-earlier', mutationId, seq };
    }
    if (outcome !== 'rejected' && missing) outcome = 'rejected';
    const joins = changes.some(({ table, key }) => this.#isUnderReview(tx, rowName(table, key), client));
    if (outcome !== 'rejected' && joins) outcome = 'review';
    const told = this.#settle(tx, client, mutation, changes, verdicts, outcome);
    return { kind: 'outcome', outcome: told };
  }

  #settle(
    tx: CoreTransaction,
    client: number,
    mutation: SentMutation,
    changes: readonly Change[],
    verdicts: readonly RowVerdict[],
    outcome: OutcomeKind,
  ): ToldOutcome {
    const { mutationId, runId, seq } = mutation;
    const takesEffect = outcome !== 'rejected' && outcome !== 'review';
    const roles = this.#rolesOf(client);
    const toldChanges = changes.map((change, index): ToldChange => {
      const verdict = verdicts[index]!;
      if (takesEffect) this.#rows.write(tx, change, verdict, mutationId, roles);
      const newKey = takesEffect ? verdict.newKey : undefined;
      if (newKey !== undefined) tx.renames.set(rowName(change.table, change.key), { key: newKey });
      return {
        ...this.#toldAsIs(tx, change.table, newKey ?? change.key),
        key: change.key,
        ...(newKey !== undefined && { newKey }),
      };
    });
    if (outcome === 'review') {
      const names = changes.map(({ table, key }) => rowName(table, key));
      tx.reviews.push({ id: mutationId, client, names });
    }
    const told: ToldOutcome = { mutationId, outcome, changes: toldChanges };
    tx.outcomes.push({ told, client, runId, seq, xid: tx.xid });
    tx.committed.push({ client, mutation, changes, outcome, verdicts, roles, at: tx.at, xid: tx.xid });
    return told;
  }

  #toldAsIs(tx: CoreTransaction, table: string, key: string): ToldChange {
    const row = this.#rows.read(tx, rowName(table, key));
    return { table, key, version: row?.version, row: row?.values ?? null };
  }

  #isUnderReview(tx: CoreTransaction, name: string, client: number): boolean {
    const covers = (review: { readonly client: number; readonly names: readonly string[] }): boolean =>
      review.client === client && review.names.includes(name);
    for (const review of this.#reviews.values()) if (covers(review)) return true;
    return tx.reviews.some(covers);
  }
}
