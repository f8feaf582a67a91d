import type {
  Change,
  Conflict,
  Json,
  Mutation,
  Outcome,
  PageLine,
  Problem,
  PushAnswer,
  RowsResponse,
  SeqRanges,
  VersionsResponse,
} from '@satchel/protocol';
import type { Query } from '@satchel/schema';
import type { Durability, SqlRow } from './database/driver.ts';

/**
 * The engine: synchronous code beside its database. Everything that crosses this
 * wall can be structured-cloned, so the engine may sit in a worker; the app's side
 * is `Satchel` in `satchel.ts`, the network's is `SyncLoop` in `sync/`.
 *
 * No method waits, and each is one local transaction: done or not done at all.
 */
export interface Engine {
  // --- the app's reads and writes
  write(queries: readonly Query[], name?: string): Written;
  run(name: string, args: Json): Written & { readonly result: Json | undefined };
  all(sql: string, parameters?: readonly unknown[]): SqlRow[];
  /** Tables (camelCase names) that a query reads, for live queries. */
  tablesRead(sql: string): string[];

  // --- the outbox on its way up
  /** The next mutations to send, marked `in-flight`, frozen; `null` when nothing may go now. */
  takeBatch(limits: TakeBatch): OutboxBatch | null;
  /** Takes in the answers of a batch; what it holds that was not answered goes back to `queued`. */
  takeAnswers(batchId: string, answers: readonly PushAnswer[]): TakenIn;
  /** A batch came back without an answer: back to `queued`, an attempt counted unless the device was offline. */
  returnBatch(batchId: string, failure: Problem, countAttempt: boolean): void;
  /** Puts back what is still marked as on its way, while nothing is: its answer could not be taken in. */
  returnLeft(): void;
  /** Makes `failed` mutations `queued` again: at start, on regained network, by hand. */
  retryFailed(mutationId?: string): number;
  outbox(filter?: {
    readonly state?: OutboxState;
    readonly limit?: number;
    readonly mutationId?: string;
  }): OutboxEntry[];
  /** Ranges of settled seq that the server has not yet been told of. */
  settledToAck(): SeqRanges[];
  acked(ranges: readonly SeqRanges[]): void;

  // --- pages on their way down
  cursor(): { readonly token: string | null; readonly digest: string | null };
  /** Starts over without a cursor: what is held stays on screen until it is replaced or swept. */
  forgetCursor(): void;
  /** One page, one local transaction. */
  takePage(lines: readonly PageLine[]): PageTaken;
  /** The server was asked and has nothing after the cursor. Returns the tables of rows that go for that. */
  takeUnchanged(): string[];

  // --- people
  quarantine(): QuarantineEntry[];
  /** Writes the quarantined changes again as a new mutation, with `values` laid over by change. */
  quarantineRetry(
    mutationId: string,
    edits?: readonly { readonly change: number; readonly values: Record<string, Json> }[],
  ): Written;
  /** All that was waiting, byte for byte as it would have been sent. */
  quarantineExport(mutationIds?: readonly string[]): string;
  quarantineDiscard(mutationId: string): void;
  /** All that is not on the server yet, quarantine included, byte for byte as it would be sent. */
  exportPending(): string;
  conflicts(): Conflict[];
  takeConflicts(conflicts: readonly Conflict[]): void;
  rowState(table: string, key: string): RowState;

  // --- verification
  /** Digests of what is held, by scope and table. */
  digests(depth: 'quick' | 'deep', scopes?: readonly string[]): DigestsHeld;
  /** Keys of a page of server versions whose local row differs or is missing, and local keys that the page lacks. */
  compareVersions(scope: string, table: string, afterKey: string | null, page: VersionsResponse): Differences;
  /** Puts rows as the server has them; pending work stays laid over. */
  repair(scope: string, table: string, rows: RowsResponse, surplus: readonly string[]): void;

  /**
   * Runs a method that writes at most once for an id: a repeat gives what the first run
   * gave. For calls that may arrive twice, by way of two leaders or of the journal.
   */
  once(id: string, method: OnceMethod, args: readonly unknown[]): unknown;

  /** A deep comparison of all scopes went through: edits that capture had missed are found. */
  proven(): void;

  // --- the device
  facts(): EngineFacts;
  recordRun(run: SyncRun): void;
  runs(limit: number): SyncRun[];
  meter(entry: MeterEntry): void;
  usage(sinceDay: string): MeterEntry[];
  getSetting(name: string): Json | undefined;
  setSetting(name: string, value: Json): void;
  /** This database is a copy or an old backup of another: new work gets a client id and a run of its own, old mutations keep theirs. */
  becomeNewClient(): void;
  /** Drops confirmed rows and the cursor; unsent work stays. */
  wipe(): void;
  /** Collects settled mutations past their keeping time, old runs, old meters. */
  collect(): void;
  close(): void;
}

/** Methods that write, and that a tab may have to ask for a second time. */
export type OnceMethod =
  | 'write'
  | 'run'
  | 'quarantineRetry'
  | 'quarantineDiscard'
  | 'retryFailed'
  | 'takeConflicts'
  | 'meter'
  | 'setSetting'
  | 'wipe'
  | 'repair'
  | 'proven';

export type OutboxState =
  | 'queued'
  | 'in-flight'
  | 'blocked'
  | 'review'
  | 'settled'
  | 'failed'
  | 'quarantined';

/** What a local transaction did. */
export interface Written {
  /** `null` when it changed no synced row. */
  readonly mutationId: string | null;
  /** Names of the synced tables touched. */
  readonly tables: readonly string[];
  /** Lanes of what was written, for triggers. */
  readonly lanes: readonly string[];
  /** Kept in the journal of this browser, because the leading tab is silent; it takes effect when that one is back or gone. */
  readonly saved?: true;
}

export interface TakeBatch {
  /** Only these lanes may start a batch; what they depend on comes along. */
  readonly lanes: readonly string[];
  readonly maxItems: number;
  readonly maxBytes: number;
  /** Send in seq order up to this seq first (answer `needs-earlier`). */
  readonly upTo?: { readonly runId: string; readonly seq: number };
}

export interface OutboxBatch {
  readonly batchId: string;
  readonly clientId: string;
  readonly runId: string;
  readonly mutations: readonly Mutation[];
  readonly bytes: number;
  readonly lane: string;
  /** The seq of the run from which mutations already use the keys of `new-key` outcomes. */
  readonly renamedFrom?: number;
  /** The lowest seq of the run that is not settled. */
  readonly outstandingFrom?: number;
}

export interface TakenIn {
  readonly tables: readonly string[];
  readonly settled: number;
  readonly quarantined: number;
  readonly review: number;
  readonly held: number;
  /** Of the batch, those that wait to be sent again. */
  readonly putBack: number;
  /** Send these first, in seq order. */
  readonly needsEarlier?: { readonly runId: string; readonly seq: number };
  readonly outcomes: readonly Outcome[];
}

export type PageTaken =
  | {
      readonly kind: 'taken';
      readonly tables: readonly string[];
      readonly checkpoint: boolean;
      readonly more: boolean;
      readonly rows: number;
      readonly remaining?: number;
      /** Settled mutations that are queued again: the server may have lost what it had acknowledged. */
      readonly offered?: number;
      /** Rows may hold values that the server has lost: they are to be compared, value by value. */
      readonly rewound?: boolean;
      readonly quarantined: number;
    }
  /** The page does not start from the stored cursor: dropped, pull. */
  | { readonly kind: 'not-from-here' }
  /** It tells rows in brief that are not held so here: dropped, pull whole rows. */
  | { readonly kind: 'not-held-so' };

export interface OutboxEntry {
  readonly mutationId: string;
  readonly seq: number;
  readonly runId: string;
  readonly state: OutboxState;
  readonly lane: string;
  readonly createdAt: number;
  readonly attempts: number;
  readonly nextAt: number | null;
  readonly blockedBy?: string;
  readonly problem?: Problem;
  readonly outcome?: Outcome;
  readonly name?: string;
  readonly changes: readonly Change[];
}

export interface QuarantineEntry {
  readonly mutationId: string;
  readonly at: number;
  readonly problem: Problem;
  readonly changes: readonly Change[];
}

export interface RowState {
  readonly state: 'synced' | 'pending' | 'conflict' | 'failed' | 'absent';
  readonly version: number | null;
  readonly base: Record<string, Json> | null;
}

export interface DigestsHeld {
  readonly scopes: Readonly<
    Record<string, Readonly<Record<string, { readonly rows: number; readonly digest: string }>>>
  >;
}

export interface Differences {
  readonly fetch: readonly string[];
  readonly surplus: readonly string[];
}

/** One run of the sync loop, as the history shows it. */
export interface SyncRun {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly trigger: string;
  readonly sent: number;
  readonly received: number;
  readonly rowsDown: number;
  readonly mutationsUp: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly problem?: Problem;
}

export interface MeterEntry {
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string;
  readonly traffic: 'data' | 'alerts' | 'media' | 'advisories';
  readonly direction: 'up' | 'down';
  readonly action: string;
  readonly bytes: number;
}

/** Where the database lies, and how safe it is there. */
export interface StorageFacts {
  /** `sqlite`: a file of this device. In a browser `opfs`, `indexeddb` (a copy of an in-memory database) or `memory`. */
  readonly kind: 'sqlite' | 'opfs' | 'indexeddb' | 'memory';
  readonly durability: Durability;
  /** In a browser: whether it may clear the database when it wants room. */
  readonly keeping?: 'persistent' | 'best-effort';
  /** Why it is not kept better, or what is about to run short. */
  readonly why?: readonly StorageReason[];
  /** Bytes of the origin, as the browser estimates them; null where it does not. */
  readonly usedBytes?: number | null;
  readonly quotaBytes?: number | null;
  /** What the database itself may hold; null: what the quota allows. */
  readonly limitBytes?: number | null;
}

export type StorageReason =
  | 'opfs-refused'
  | 'indexeddb-refused'
  /** Without Web Locks two tabs could write one database: it lies in memory. */
  | 'locks-refused'
  | 'persistence-refused'
  /** The whole quota is under 200 MB. */
  | 'quota-small'
  /** Less than a tenth of the quota, or of the limit, is left. */
  | 'room-short';

/** Tabs of one origin share one database: the leader holds it, the others write through it. */
export interface TabFacts {
  readonly role: 'leader' | 'follower';
  /** The leader has not answered for two seconds: writes are saved in a journal that it will take in. */
  readonly leaderSilent: boolean;
  /** Writes of this tab in the journal. */
  readonly saved: number;
  /** Writes in the journal that could not be laid down; they are kept there. */
  readonly refused: number;
}

/** What the database says of itself, for the status. */
export interface EngineFacts {
  readonly clientId: string;
  readonly runId: string;
  readonly userId: string;
  readonly schemaVersion: number;
  readonly epoch: string | null;
  readonly pending: number;
  readonly pendingByLane: Readonly<Record<string, number>>;
  readonly pendingByTable: Readonly<Record<string, number>>;
  readonly oldestPendingAt: number | null;
  readonly inFlight: number;
  readonly blocked: number;
  readonly failed: number;
  readonly review: number;
  readonly held: number;
  readonly quarantined: number;
  readonly openConflicts: number;
  /** When a waiting retry is due, UTC milliseconds. */
  readonly nextRetryAt: number | null;
  /** True when every scope is at a checkpoint. */
  readonly complete: boolean;
  readonly checkpointAt: number | null;
  readonly scopes: readonly string[];
  readonly storage: StorageFacts;
  /** Where several tabs share one database: what this one is to it. */
  readonly tab?: TabFacts;
  /** The database was seen to be a copy or an old backup of itself. */
  readonly cloned: boolean;
  /**
   * Tables on which capture was missing for a while: rows may differ from the server's
   * by edits that nobody saw. A deep verification with repair finds them; then `proven`.
   */
  readonly unproven: readonly string[];
  /** The server's history was cut; rows were not yet compared with it, value by value. */
  readonly rewound: boolean;
}
