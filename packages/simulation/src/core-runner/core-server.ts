import {
  addSeq,
  containsSeq,
  covers,
  decideChange,
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
import { type Change, type OutcomeKind, unreachable, type Value, type Values } from '@satchel/protocol';
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
import { type CoreTable, scopeOf } from './core-tables.ts';

/** How far a device's clock may be out, in milliseconds. */
export const TOLERANCE = 60_000;

interface ServerRow {
  readonly table: string;
  readonly key: string;
  readonly values: Values | null;
  readonly last: Values | null;
  readonly version: number;
  readonly writers: Readonly<Record<string, FieldWriter>>;
}

interface ScopeEntry {
  readonly xid: bigint;
  readonly present: boolean;
  readonly reason: 'deleted' | 'left';
  readonly table: string;
  readonly key: string;
}

interface StoredOutcome {
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

interface Transaction {
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
  readonly rows = new Map<string, ServerRow>();
  readonly #entries = new Map<string, Map<string, ScopeEntry>>();
  readonly #horizons = new Map<string, Snapshot>();
  readonly #outcomes = new Map<string, StoredOutcome>();
  readonly #forgotten = new Map<string, Ranges>();
  readonly #became = new Map<string, Map<string, Values | null>>();
  readonly #reviews = new Map<string, { readonly client: number; readonly names: readonly string[] }>();
  readonly #renames = new Map<number, Map<string, { readonly key: string }>>();
  readonly #versionTimes = new Map<number, number>();
  readonly grants: Set<string>[];
  readonly open: Transaction[] = [];
  readonly waiting: PushMessage[] = [];
  #nextXid = 100n;
  #nextVersion = 1;

  constructor(
    tables: readonly CoreTable[],
    clients: number,
    rolesOf: (client: number) => readonly string[],
    grants: readonly ReadonlySet<string>[],
  ) {
    this.#tables = new Map(tables.map((table) => [table.name, table]));
    this.#rolesOf = rolesOf;
    this.grants = Array.from({ length: clients }, (_, client) => new Set(grants[client]));
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
    this.#writeRow(tx, table, key, after, writers);
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
  commit(tx: Transaction, now: number): CoreMessage | undefined {
    this.open.splice(this.open.indexOf(tx), 1);
    for (const [name, row] of tx.rows) {
      this.#noteEntries(tx.xid, tx.scopes.get(name) ?? [], row);
      this.rows.set(name, row);
    }
    for (const stored of tx.outcomes) {
      this.#outcomes.set(stored.told.mutationId, stored);
      const images = new Map<string, Values | null>();
      if (stored.told.outcome !== 'review' && stored.told.outcome !== 'rejected') {
        for (const { table, key, newKey, row } of stored.told.changes)
          images.set(rowName(table, newKey ?? key), row);
        this.#became.set(stored.told.mutationId, images);
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

  abort(tx: Transaction, now: number): void {
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
      const horizon = this.#horizons.get(scope);
      const usable = since && (!horizon || covers(since, horizon));
      scopes.push(this.#delta(scope, usable ? since : undefined));
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
    const horizon = this.snapshot();
    let pruned = 0;
    for (const [scope, entries] of this.#entries) {
      let some = false;
      for (const [name, entry] of entries) {
        if (entry.present || !isVisible(horizon, entry.xid)) continue;
        entries.delete(name);
        some = true;
        pruned++;
      }
      if (some) this.#horizons.set(scope, horizon);
    }
    return pruned;
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

  #delta(scope: string, since: Snapshot | undefined): ScopeDelta {
    const rows: ScopeDelta['rows'][number][] = [];
    const gone: ScopeDelta['gone'][number][] = [];
    for (const [name, entry] of this.#entries.get(scope) ?? []) {
      if (since && isVisible(since, entry.xid)) continue;
      const { table, key } = entry;
      if (!entry.present) {
        if (since) gone.push({ table, key, reason: entry.reason });
        continue;
      }
      const row = this.rows.get(name)!;
      rows.push({ table, key, version: row.version, row: row.values! });
    }
    return { scope, action: since ? 'delta' : 'backfill', rows, gone };
  }

  #noteEntries(xid: bigint, scopes: Iterable<string>, { table, key, values }: ServerRow): void {
    const name = rowName(table, key);
    const to = scopeOf(values);
    for (const scope of to === undefined ? scopes : new Set([...scopes, to])) {
      const entries = this.#entries.get(scope) ?? new Map<string, ScopeEntry>();
      entries.set(name, { xid, present: scope === to, reason: values ? 'left' : 'deleted', table, key });
      this.#entries.set(scope, entries);
    }
  }

  #isLocked(name: string): boolean {
    return this.open.some(({ locks }) => locks.has(name));
  }

  #openTransaction(
    at: number,
    locks: Set<string>,
    reply: CoreMessage | undefined,
    plain?: Transaction['plain'],
  ): Transaction {
    const tx: Transaction = {
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
  #underNewKeys(client: number, { changes, heard }: SentMutation, tx?: Transaction): readonly Change[] {
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

  #answer(tx: Transaction, { client }: PushMessage, mutation: SentMutation): Answer {
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
    const verdicts = changes.map((change) => this.#decide(tx, client, mutation, change));
    let outcome = gravest(verdicts.map((verdict) => verdict.outcome));
    const missing =
      outcome === 'rejected'
        ? verdicts.some(({ problem }) => problem?.code === 'row_missing')
        : this.#breaksReference(tx, changes, verdicts);
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
    tx: Transaction,
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
      if (takesEffect) this.#write(tx, change, verdict, mutationId, roles);
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

  #toldAsIs(tx: Transaction, table: string, key: string): ToldChange {
    const row = this.#read(tx, rowName(table, key));
    return { table, key, version: row?.version, row: row?.values ?? null };
  }

  #isUnderReview(tx: Transaction, name: string, client: number): boolean {
    const covers = (review: { readonly client: number; readonly names: readonly string[] }): boolean =>
      review.client === client && review.names.includes(name);
    for (const review of this.#reviews.values()) if (covers(review)) return true;
    return tx.reviews.some(covers);
  }

  #read(tx: Transaction, name: string): ServerRow | undefined {
    return tx.rows.get(name) ?? this.rows.get(name);
  }

  #decide(tx: Transaction, client: number, mutation: SentMutation, change: Change): RowVerdict {
    const name = rowName(change.table, change.key);
    const row = this.#read(tx, name);
    const confirmed = change.confirmed?.version;
    return decideChange(
      this.#tables.get(change.table)!.merge,
      change,
      {
        row: row?.values ?? null,
        deleted: row !== undefined && row.values === null,
        last: row?.last ?? null,
      },
      {
        mutationId: mutation.mutationId,
        hlc: mutation.hlc,
        roles: this.#rolesOf(client),
        clock: {
          lower: confirmed === undefined ? 0 : (this.#versionTimes.get(confirmed) ?? 0),
          upper: tx.at,
          tolerance: TOLERANCE,
        },
        serverWriter: (column) => row?.writers[column],
        became: (earlier, column): Value | undefined => this.#becameOf(tx, earlier, name)?.[column],
      },
    );
  }

  #becameOf(tx: Transaction, id: string, name: string): Values | null | undefined {
    const here = tx.outcomes.find(({ told }) => told.mutationId === id);
    if (!here) return this.#became.get(id)?.get(name);
    if (here.told.outcome === 'review' || here.told.outcome === 'rejected') return undefined;
    return here.told.changes.find(({ table, key, newKey }) => rowName(table, newKey ?? key) === name)?.row;
  }

  #write(
    tx: Transaction,
    change: Change,
    verdict: RowVerdict,
    mutationId: string,
    roles: readonly string[],
  ): void {
    const { table } = change;
    const key = verdict.newKey ?? change.key;
    const before = this.#read(tx, rowName(table, key));
    const writers: Record<string, FieldWriter> = { ...before?.writers };
    for (const [column, hlc] of Object.entries(verdict.stamps)) writers[column] = { hlc, roles, mutationId };
    switch (verdict.effect) {
      case 'none':
        if (before && Object.keys(verdict.stamps).length > 0)
          tx.rows.set(rowName(table, key), { ...before, writers });
        return;
      case 'delete':
        this.#writeRow(tx, table, key, null, {});
        return;
      case 'insert':
      case 'update': {
        const below = verdict.effect === 'update' ? before?.values : undefined;
        const { id: _, ...values } = { ...below, ...verdict.write };
        this.#writeRow(tx, table, key, values, writers);
        return;
      }
    }
  }

  #writeRow(
    tx: Transaction,
    table: string,
    key: string,
    values: Values | null,
    writers: Readonly<Record<string, FieldWriter>>,
  ): void {
    const name = rowName(table, key);
    const before = this.#read(tx, name);
    const version = this.#nextVersion++;
    this.#versionTimes.set(version, tx.at);
    const scopes = tx.scopes.get(name) ?? new Set();
    for (const scope of [scopeOf(before?.values ?? null), scopeOf(values)]) {
      if (scope !== undefined) scopes.add(scope);
    }
    tx.scopes.set(name, scopes);
    const last = values ?? before?.values ?? before?.last ?? null;
    tx.rows.set(name, { table, key, values, last, version, writers });
  }

  #breaksReference(tx: Transaction, changes: readonly Change[], verdicts: readonly RowVerdict[]): boolean {
    const after = (name: string): Values | null => {
      const index = changes.findIndex(({ table, key }) => rowName(table, key) === name);
      const verdict = index < 0 ? undefined : verdicts[index];
      const row = this.#read(tx, name)?.values ?? null;
      if (!verdict || verdict.effect === 'none' || verdict.newKey !== undefined) return row;
      return verdict.effect === 'delete' ? null : { ...row, ...verdict.write };
    };
    return changes.some(({ table, key }, index) => {
      const { effect, write } = verdicts[index]!;
      const refers = this.#tables.get(table)!.refers;
      switch (effect) {
        case 'none':
          return false;
        case 'delete':
          return this.#isNeeded(tx, table, key, after);
        case 'insert':
        case 'update': {
          const row = effect === 'update' ? after(rowName(table, key)) : write;
          const parent = refers && row?.[refers.column];
          return typeof parent === 'string' && after(rowName(refers!.to, parent)) === null;
        }
        default:
          return unreachable(effect);
      }
    });
  }

  #isNeeded(tx: Transaction, table: string, key: string, after: (name: string) => Values | null): boolean {
    for (const rows of [this.rows, tx.rows]) {
      for (const [name, row] of rows) {
        const refers = this.#tables.get(row.table)!.refers;
        if (refers?.to === table && after(name)?.[refers.column] === key) return true;
      }
    }
    return false;
  }
}

export type CoreTransaction = Transaction;
