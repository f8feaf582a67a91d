import type {
  Conflict,
  Json,
  PageLine,
  Problem,
  PushAnswer,
  RowsResponse,
  SeqRanges,
  VersionsResponse,
} from '@satchel/protocol';
import { SatchelError } from '@satchel/protocol';
import type { Query } from '@satchel/schema';
import { listConflicts, takeConflicts } from './conflicts/records.ts';
import { readRowFacts } from './conflicts/row-state.ts';
import type { SqlRow } from './database/driver.ts';
import { LocalWrites } from './database/local-write.ts';
import { readMeta, writeMeta } from './database/meta.ts';
import { tablesOf } from './database/tables-read.ts';
import { applying, inTransaction } from './database/transaction.ts';
import { readFacts } from './device/facts.ts';
import { becomeNewClient, keepStamp } from './device/identity.ts';
import { runOnce } from './device/once.ts';
import {
  acked,
  addMeter,
  collectRecords,
  listRuns,
  listUsage,
  recordRun,
  settledToAck,
} from './device/records.ts';
import { wipeRows } from './device/wipe.ts';
import type {
  Differences,
  DigestsHeld,
  Engine,
  EngineFacts,
  MeterEntry,
  OnceMethod,
  OutboxBatch,
  OutboxEntry,
  PageTaken,
  QuarantineEntry,
  RowState,
  SyncRun,
  TakeBatch,
  TakenIn,
  Written,
} from './engine.ts';
import type { EngineContext } from './engine-context.ts';
import { retryFailed, returnBatch, takeAnswers } from './outbox/answers.ts';
import { listOutbox } from './outbox/list.ts';
import { RowSet } from './outbox/pending.ts';
import {
  discardQuarantined,
  exportQuarantined,
  exportUnsettled,
  listQuarantine,
  retryQuarantined,
} from './outbox/quarantine.ts';
import { returnLeft } from './outbox/return-left.ts';
import { takeBatch } from './outbox/take.ts';
import { takeUnchanged } from './pages/drop-unheld.ts';
import { rebaseRows } from './pages/rebase.ts';
import { NotHeldSo } from './pages/take-brief.ts';
import { forgetCursor, pullCursor, takePage } from './pages/take-page.ts';
import { compareVersions, digestsHeld, repairRows } from './verify/digests.ts';

/** The engine over a SQLite driver: each method one local transaction, the work in its room. */
export class SqliteEngine implements Engine {
  readonly #context: EngineContext;
  readonly #writes: LocalWrites;
  #open = true;

  constructor(context: EngineContext) {
    this.#context = context;
    this.#writes = new LocalWrites(context);
  }

  /** Checks that the database is open; every method starts here. */
  get #now(): EngineContext {
    if (!this.#open) throw new SatchelError('database_closed');
    return this.#context;
  }

  write(queries: readonly Query[], name?: string): Written {
    void this.#now;
    return this.#writes.write(queries, name);
  }

  run(name: string, args: Json): Written & { readonly result: Json | undefined } {
    void this.#now;
    return this.#writes.run(name, args);
  }

  all(sql: string, parameters?: readonly unknown[]): SqlRow[] {
    void this.#now;
    return this.#writes.all(sql, parameters);
  }

  tablesRead(sql: string): string[] {
    return tablesOf(this.#now, sql, 'read');
  }

  // What is sent must be on disk as sent: else a loss of power could let the same id
  // go out again with other content.
  takeBatch(limits: TakeBatch): OutboxBatch | null {
    const context = this.#now;
    return applying(context, 'full', () => takeBatch(context, limits));
  }

  takeAnswers(batchId: string, answers: readonly PushAnswer[]): TakenIn {
    const context = this.#now;
    return applying(context, 'normal', () => takeAnswers(context, batchId, answers));
  }

  returnLeft(): void {
    const context = this.#now;
    applying(context, 'normal', () => returnLeft(context.db));
  }

  returnBatch(batchId: string, failure: Problem, countAttempt: boolean): void {
    const context = this.#now;
    applying(context, 'normal', () => returnBatch(context, batchId, failure, countAttempt));
  }

  retryFailed(mutationId?: string): number {
    const context = this.#now;
    return applying(context, 'normal', () => retryFailed(context, mutationId));
  }

  outbox(filter: Parameters<Engine['outbox']>[0] = {}): OutboxEntry[] {
    return listOutbox(this.#now, filter);
  }

  settledToAck(): SeqRanges[] {
    const context = this.#now;
    const ranges = settledToAck(context);
    // The server may forget what it is told of: all of it must be on disk here.
    if (ranges.length > 0) inTransaction(context, 'full', () => keepStamp(context));
    return ranges;
  }

  acked(ranges: readonly SeqRanges[]): void {
    const context = this.#now;
    applying(context, 'normal', () => acked(context, ranges));
  }

  cursor(): { readonly token: string | null; readonly digest: string | null } {
    return pullCursor(this.#now);
  }

  forgetCursor(): void {
    const context = this.#now;
    applying(context, 'normal', () => forgetCursor(context));
  }

  takePage(lines: readonly PageLine[]): PageTaken {
    const context = this.#now;
    try {
      return applying(context, 'normal', () => takePage(context, lines));
    } catch (error) {
      if (error instanceof NotHeldSo) return { kind: 'not-held-so' };
      throw error;
    }
  }

  takeUnchanged(): string[] {
    const context = this.#now;
    return applying(context, 'normal', () => takeUnchanged(context));
  }

  quarantine(): QuarantineEntry[] {
    return listQuarantine(this.#now);
  }

  quarantineRetry(
    mutationId: string,
    edits: readonly { readonly change: number; readonly values: Record<string, Json> }[] = [],
  ): Written {
    const context = this.#now;
    return inTransaction(context, context.durability, () => retryQuarantined(context, mutationId, edits));
  }

  quarantineExport(mutationIds?: readonly string[]): string {
    return exportQuarantined(this.#now, mutationIds);
  }

  quarantineDiscard(mutationId: string): void {
    const context = this.#now;
    applying(context, 'full', () => {
      const dirty = new RowSet();
      discardQuarantined(context, mutationId, dirty);
      rebaseRows(context, dirty);
    });
  }

  exportPending(): string {
    return exportUnsettled(this.#now);
  }

  conflicts(): Conflict[] {
    return listConflicts(this.#now);
  }

  takeConflicts(conflicts: readonly Conflict[]): void {
    const context = this.#now;
    applying(context, 'normal', () => takeConflicts(context, conflicts));
  }

  rowState(table: string, key: string): RowState {
    return readRowFacts(this.#now, table, key);
  }

  digests(depth: 'quick' | 'deep', scopes?: readonly string[]): DigestsHeld {
    return digestsHeld(this.#now, depth, scopes);
  }

  compareVersions(
    scope: string,
    table: string,
    afterKey: string | null,
    page: VersionsResponse,
  ): Differences {
    return compareVersions(this.#now, scope, table, afterKey, page);
  }

  repair(scope: string, table: string, rows: RowsResponse, surplus: readonly string[]): void {
    const context = this.#now;
    applying(context, 'normal', () => repairRows(context, scope, table, rows, surplus));
  }

  once(id: string, method: OnceMethod, args: readonly unknown[]): unknown {
    const context = this.#now;
    return inTransaction(context, context.durability, () =>
      runOnce(context, id, () => {
        const run = this[method] as (...args: unknown[]) => unknown;
        return run.apply(this, [...args]);
      }),
    );
  }

  proven(): void {
    const context = this.#now;
    applying(context, 'normal', () => {
      writeMeta(context.db, 'unproven', null);
      writeMeta(context.db, 'rewound', null);
    });
  }

  facts(): EngineFacts {
    return readFacts(this.#now);
  }

  recordRun(run: SyncRun): void {
    const context = this.#now;
    applying(context, 'normal', () => recordRun(context, run));
  }

  runs(limit: number): SyncRun[] {
    return listRuns(this.#now, limit);
  }

  meter(entry: MeterEntry): void {
    const context = this.#now;
    applying(context, 'normal', () => addMeter(context, entry));
  }

  usage(sinceDay: string): MeterEntry[] {
    return listUsage(this.#now, sinceDay);
  }

  getSetting(name: string): Json | undefined {
    return readMeta(this.#now.db, `setting:${name}`);
  }

  setSetting(name: string, value: Json): void {
    const context = this.#now;
    applying(context, 'normal', () => writeMeta(context.db, `setting:${name}`, value));
  }

  becomeNewClient(): void {
    const context = this.#now;
    applying(context, 'full', () => becomeNewClient(context));
  }

  wipe(): void {
    const context = this.#now;
    applying(context, 'full', () => wipeRows(context));
  }

  collect(): void {
    const context = this.#now;
    applying(context, 'normal', () => {
      keepStamp(context);
      collectRecords(context);
    });
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#context.db.close();
  }
}
