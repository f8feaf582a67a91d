import {
  addSeq,
  afterFailure,
  findBlocked,
  type Hlc,
  isUnsettled,
  layOver,
  type OutboxEvent,
  type OutboxItem,
  type PhaseAnswer,
  phaseOf,
  pickBatch,
  type Random,
  type Ranges,
  receive,
  rowName,
  tick,
  transitionOutbox,
} from '@satchel/core';
import type { Values } from '@satchel/protocol';
import { captureChange, foldInto, type Pending } from './core-capture.ts';
import {
  type BaseRow,
  type CoreEntry,
  type Edit,
  itemsOf,
  type LocalChange,
  laneOf,
  type Renamed,
  type Wrote,
} from './core-entry.ts';
import type {
  Answer,
  CoreCursor,
  CoreMessage,
  CorePage,
  SentMutation,
  ToldOutcome,
} from './core-messages.ts';
import { renameIn } from './core-renaming.ts';
import { TOLERANCE } from './core-rows.ts';
import { type CoreTable, LANES, scopeOf } from './core-tables.ts';

const RETRY = { attempts: 2, firstDelay: 1_000, maxDelay: 60_000 };

/**
 * A device as far as the core is concerned: bases, an outbox, holds, a cursor. What is
 * decided (order, overlay, states, stamps, waits) is the core's.
 */
export class CoreClient {
  readonly number: number;
  readonly #tables: ReadonlyMap<string, CoreTable>;
  readonly #random: Random;
  readonly #nextId: () => string;
  readonly base = new Map<string, BaseRow>();
  readonly #holds = new Map<string, Set<string>>();
  readonly outbox: CoreEntry[] = [];
  /** Mutations whose row left before they were sent. */
  readonly lostRights = new Set<string>();
  #cursor: CoreCursor | null = null;
  #hlc: Hlc;
  #run = 0;
  #seq = 0;
  #position = 0;
  #settled: Ranges = [];
  #heard: ReadonlySet<string> = new Set();
  #contacted = false;
  #complete = false;
  #tag = 0;
  pushTag: number | null = null;
  pullTag: number | null = null;
  #upTo: number | undefined;
  /** By how much its clock is off, milliseconds. */
  skew: number;
  online = true;

  constructor(
    number: number,
    tables: readonly CoreTable[],
    random: Random,
    nextId: () => string,
    skew: number,
  ) {
    this.number = number;
    this.#tables = new Map(tables.map((table) => [table.name, table]));
    this.#random = random;
    this.#nextId = nextId;
    this.skew = skew;
    this.#hlc = { millis: 0, counter: 0, nodeId: this.nodeId };
  }

  get nodeId(): string {
    return `c${this.number}`;
  }

  get runId(): string {
    return `r${this.#run}`;
  }

  get hlc(): Hlc {
    return this.#hlc;
  }

  get cursor(): CoreCursor | null {
    return this.#cursor;
  }

  clock(now: number): number {
    return Math.max(1, now + this.skew);
  }

  /** What stands on the screen. */
  visible(table: string, key: string): Values | null {
    const name = rowName(table, key);
    const pending = this.#pendingOf(table, key);
    const base = this.base.get(name)?.values ?? null;
    if (pending.length === 0) return base;
    return layOver(
      this.#tables.get(table)!.merge.columns,
      base,
      pending.map(({ change }) => change),
    );
  }

  /** All rows on the screen, by name. */
  shown(): Map<string, Values> {
    const found = new Map<string, Values>();
    for (const name of this.#names()) {
      const row = this.visible(...splitName(name));
      if (row) found.set(name, row);
    }
    return found;
  }

  /** Whether an insert of the key would meet nothing that the user can know of. */
  isFree(table: string, key: string): boolean {
    return !this.base.has(rowName(table, key)) && this.#pendingOf(table, key).length === 0;
  }

  write(edits: readonly Edit[], now: number): Wrote {
    this.#hlc = tick(this.#hlc, this.clock(now), this.nodeId);
    const before = edits.map(({ table, key }) => ({
      saw: this.visible(table, key),
      told: this.base.get(rowName(table, key)) ?? null,
    }));
    const changes = edits.map((edit, index) =>
      captureChange(
        edit,
        before[index]!.saw,
        this.base.get(rowName(edit.table, edit.key)),
        this.#pendingOf(edit.table, edit.key),
      ),
    );
    const folded = changes.length === 1 ? this.#fold(changes[0]!) : undefined;
    if (folded !== undefined) return { mutationId: folded, hlc: this.#hlc, folded: true, before };
    const entry: CoreEntry = {
      mutationId: this.#nextId(),
      runId: this.runId,
      seq: ++this.#seq,
      position: ++this.#position,
      hlc: this.#hlc,
      state: 'queued',
      lane: laneOf(changes, this.#tables),
      attempts: 0,
      nextAt: null,
      everSent: false,
      changes,
      frozen: null,
      heard: this.#heard,
      outcome: null,
    };
    this.outbox.push(entry);
    return { mutationId: entry.mutationId, hlc: this.#hlc, folded: false, before };
  }

  /** The next push, if anything may go. */
  push(now: number): CoreMessage | undefined {
    if (this.pushTag !== null || !this.online) return undefined;
    this.#moveBlocked();
    const items = this.items();
    const positions = pickBatch(items, {
      laneOrder: LANES,
      lanes: LANES,
      now: this.clock(now),
      maxItems: 1 + Math.floor(this.#random.next() * 6),
      maxBytes: 400,
      ...(this.#upTo !== undefined && { upTo: this.#upTo }),
    });
    this.#upTo = undefined;
    if (positions.length === 0) return undefined;
    const byPosition = new Map(this.outbox.map((entry) => [entry.position, entry]));
    const mutations = positions.map((position): SentMutation => {
      const entry = byPosition.get(position)!;
      this.#move(entry, 'taken');
      entry.everSent = true;
      entry.frozen ??= entry.changes.map(({ wire }) => wire);
      const { mutationId, runId, seq, hlc, heard } = entry;
      const leavesEarlier = this.outbox.some(
        (other) =>
          other.runId === runId &&
          other.seq < seq &&
          isUnsettled(other.state) &&
          other.state !== 'review' &&
          !positions.includes(other.position),
      );
      return { mutationId, runId, seq, hlc, heard, leavesEarlier, changes: entry.frozen };
    });
    this.pushTag = ++this.#tag;
    return {
      kind: 'push',
      client: this.number,
      mutations,
      tag: this.pushTag,
    };
  }

  items(): OutboxItem[] {
    return itemsOf(this.outbox, this.#tables);
  }

  pull(): CoreMessage | undefined {
    if (this.pullTag !== null || !this.online) return undefined;
    this.pullTag = ++this.#tag;
    const settled = { runId: this.runId, ranges: this.#settled };
    return { kind: 'pull', client: this.number, cursor: this.#cursor, settled, tag: this.pullTag };
  }

  /** No answer came in time. */
  pushTimedOut(now: number): void {
    this.pushTag = null;
    for (const entry of this.outbox) {
      if (entry.state !== 'in-flight') continue;
      const next = afterFailure(
        { attempts: entry.attempts, offline: !this.online, retry: 'later' },
        RETRY,
        this.clock(now),
        this.#random,
      );
      this.#move(entry, next.state === 'failed' ? 'exhausted' : 'returned');
      entry.attempts = next.attempts;
      entry.nextAt = next.nextAt;
    }
  }

  pullTimedOut(): void {
    this.pullTag = null;
  }

  /** Regained network, a start, or by hand. */
  retryAll(): void {
    for (const entry of this.outbox) {
      if (entry.state === 'failed') {
        this.#move(entry, 'retried');
        entry.attempts = 0;
      }
      entry.nextAt = null;
    }
  }

  /** The process dies and starts again: what is durable is here, what was under way is not. */
  restart(): void {
    for (const entry of this.outbox) if (entry.state === 'in-flight') this.#move(entry, 'returned');
    this.pushTag = null;
    this.pullTag = null;
    this.#run++;
    this.#seq = 0;
    this.#settled = [];
    this.#contacted = false;
    this.#upTo = undefined;
    this.retryAll();
  }

  takeAnswers(answers: readonly Answer[], tag: number): { settled: string[]; renamed: Renamed[] } {
    const done = { settled: [] as string[], renamed: [] as Renamed[] };
    if (tag !== this.pushTag) return done;
    this.pushTag = null;
    this.#contacted = true;
    for (const answer of answers) {
      if (answer.kind === 'outcome') {
        this.#settle(answer.outcome, done, true);
        continue;
      }
      const entry = this.outbox.find(({ mutationId }) => mutationId === answer.mutationId);
      if (entry && this.#move(entry, 'answered-interim')) this.#upTo = entry.position;
    }
    return done;
  }

  /** Takes a page in whole, or not at all when it does not start from here. */
  takePage(
    page: CorePage,
    tag: number,
    now: number,
  ): { settled: string[]; renamed: Renamed[]; quarantined: string[] } {
    const done = { settled: [] as string[], renamed: [] as Renamed[], quarantined: [] as string[] };
    if (tag !== this.pullTag) return done;
    this.pullTag = null;
    this.#contacted = true;
    if (page.from !== (this.#cursor?.number ?? 0)) return done;
    const server = { millis: page.at, counter: 0, nodeId: 'server' };
    this.#hlc = receive(this.#hlc, server, this.clock(now), TOLERANCE).state;
    const leaving = new Map<string, 'deleted' | 'left'>();
    for (const { scope, action, rows, gone } of page.scopes) {
      const before = action === 'delta' ? [] : this.#heldBy(scope);
      if (action !== 'delta') for (const name of before) this.#release(name, scope, 'left', leaving);
      for (const { table, key, reason } of gone) this.#release(rowName(table, key), scope, reason, leaving);
      for (const { table, key, version, row } of rows) {
        const name = rowName(table, key);
        const holds = this.#holds.get(name) ?? new Set<string>();
        holds.add(scope);
        this.#holds.set(name, holds);
        this.#takeRow(name, row, version);
      }
    }
    // A page has the rows of its own snapshot, or has them not: its outcomes bring none.
    for (const outcome of page.outcomes) this.#settle(outcome, done, false);
    for (const [name, reason] of leaving) {
      if ((this.#holds.get(name)?.size ?? 0) > 0) continue;
      this.#holds.delete(name);
      this.base.delete(name);
      if (reason === 'left') done.quarantined.push(...this.#loseRight(name));
    }
    this.#cursor = page.cursor;
    this.#complete = true;
    return done;
  }

  phase(): PhaseAnswer {
    const failed = this.outbox.filter(({ state }) => state === 'failed').length;
    return phaseOf({
      needsAuth: false,
      lastRunFailed: false,
      failed,
      openConflicts: 0,
      paused: false,
      offline: !this.online,
      syncing: this.pushTag !== null || this.pullTag !== null,
      pending: this.outbox.filter(({ state }) => isUnsettled(state)).length,
      complete: this.#complete,
      contacted: this.#contacted,
      waitingFor: [],
    });
  }

  #names(): Set<string> {
    const names = new Set(this.base.keys());
    for (const { state, changes } of this.outbox) {
      if (isUnsettled(state)) for (const { table, key } of changes) names.add(rowName(table, key));
    }
    return names;
  }

  #pendingOf(table: string, key: string): Pending[] {
    const found: Pending[] = [];
    for (const entry of this.outbox) {
      if (!isUnsettled(entry.state)) continue;
      for (const change of entry.changes)
        if (change.key === key && change.table === table) found.push({ entry, change });
    }
    return found;
  }

  #fold(change: LocalChange): string | undefined {
    const device = {
      outbox: this.outbox,
      base: this.base,
      tables: this.#tables,
      runId: this.runId,
      seq: this.#seq,
      hlc: this.#hlc,
      pendingOf: (table: string, key: string) => this.#pendingOf(table, key),
      takeBack: () => {
        this.#seq--;
      },
    };
    return foldInto(device, change);
  }

  #move(entry: CoreEntry, event: OutboxEvent): boolean {
    const state = transitionOutbox(entry.state, event);
    if (state !== undefined) entry.state = state;
    return state !== undefined;
  }

  #moveBlocked(): void {
    const blocked = findBlocked(this.items());
    for (const entry of this.outbox)
      this.#move(entry, blocked.has(entry.position) ? 'dependency-stuck' : 'dependency-freed');
  }

  #settle(
    told: ToldOutcome,
    done: { readonly settled: string[]; readonly renamed: Renamed[] },
    bringsRows: boolean,
  ): void {
    const entry = this.outbox.find(({ mutationId }) => mutationId === told.mutationId);
    if (!entry) return;
    const event =
      told.outcome === 'rejected'
        ? 'answered-rejected'
        : told.outcome === 'review'
          ? 'answered-review'
          : 'answered-settled';
    if (!this.#move(entry, event)) return;
    entry.outcome = told.outcome;
    if (entry.runId === this.runId && event === 'answered-settled')
      this.#settled = addSeq(this.#settled, entry.seq);
    if (event !== 'answered-review') done.settled.push(entry.mutationId);
    for (const { table, key, newKey, version, row } of told.changes) {
      if (newKey !== undefined) {
        renameIn(this.outbox, this.#tables, table, key, newKey);
        this.#heard = new Set([...this.#heard, newKey]);
        done.renamed.push({ table, key, newKey });
      }
      if (version === undefined || !bringsRows) continue;
      const name = rowName(table, newKey ?? key);
      const scope = scopeOf(row);
      if (row === null) {
        const base = this.base.get(name);
        if (base && base.version < version) this.base.delete(name);
      } else if (this.base.has(name)) this.#takeRow(name, row, version);
      else if (scope !== undefined && this.#cursor && Object.hasOwn(this.#cursor.scopes, scope)) {
        this.#holds.set(name, new Set([scope]));
        this.#takeRow(name, row, version);
      }
    }
  }

  #takeRow(name: string, values: Values, version: number): void {
    const base = this.base.get(name);
    if (!base || version >= base.version) this.base.set(name, { values, version });
  }

  #heldBy(scope: string): string[] {
    return [...this.#holds].filter(([, scopes]) => scopes.has(scope)).map(([name]) => name);
  }

  #release(
    name: string,
    scope: string,
    reason: 'deleted' | 'left',
    leaving: Map<string, 'deleted' | 'left'>,
  ): void {
    if (this.#holds.get(name)?.delete(scope) || !this.#holds.has(name)) leaving.set(name, reason);
  }

  #loseRight(name: string): string[] {
    const lost: string[] = [];
    for (const entry of this.outbox) {
      if (!entry.changes.some(({ table, key }) => rowName(table, key) === name)) continue;
      if (entry.state === 'quarantined' || !this.#move(entry, 'right-lost')) continue;
      lost.push(entry.mutationId);
      this.lostRights.add(entry.mutationId);
    }
    return lost;
  }
}

const splitName = (name: string): [string, string] => {
  const [table = '', key = ''] = name.split('\u0000');
  return [table, key];
};
