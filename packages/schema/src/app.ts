import type { Column, Columns, ConflictPolicies, KeyType } from '@satchel/core';
import type { Json, Problem, Value, Values } from '@satchel/protocol';
import type { HttpSettings } from './http-settings.ts';

/**
 * An app as `defineApp` leaves it: every default filled in, every name checked.
 * Client and server read only this. All of it but the functions is plain data.
 */
export interface App {
  readonly name: string;
  /** Rises by one with each change that `history` describes. */
  readonly schemaVersion: number;
  readonly tables: Readonly<Record<string, Table>>;
  /** Names of tables, parents before the tables that refer to them. */
  readonly tableOrder: readonly string[];
  readonly scopesOf: ScopesOf;
  readonly sync: SyncSettings;
  readonly limits: Limits;
  readonly history: readonly HistoryStep[];
  /** Roles that may see all clients and conflicts. Default `['admin']`. */
  readonly administrators: readonly string[];
  /** Every role that rules may name; absent when the app does not list them. */
  readonly roles?: readonly string[];
  /** Lanes from the most urgent to the least. Default `['urgent', 'high', 'medium', 'low']`. */
  readonly lanes: readonly string[];
  /** Local functions: `db.run(name, args)`, synchronous beside the database. */
  readonly functions: Readonly<Record<string, LocalFunction>>;
  /** Column validators by name. */
  readonly validators: Readonly<Record<string, Validator>>;
  /** `custom` policies by name, run on the server. */
  readonly resolvers: Readonly<Record<string, Resolver>>;
  /** Server functions after commit, by table. */
  readonly onApplied: Readonly<Record<string, readonly OnApplied[]>>;
  readonly documents?: DocumentMerger;
  readonly onRevoke: 'lock' | 'wipe';
  /** What the server answers over HTTP beside the native protocol. */
  readonly http: HttpSettings;
  /** The source documents' tables as views, for SQL that was written against them. Default none. */
  readonly documentViews: DocumentViews;
  /** When operators are alerted. */
  readonly alerts: AlertSettings;
}

/** Which of the source documents' tables are there as views. */
export interface DocumentViews {
  /** In PostgreSQL, in schema `satchel_documents`. */
  readonly server: boolean;
  /** On the device: `sync_queue` and its like, and a view `…_local` of each table. */
  readonly device: boolean;
}

/** What operators are told of, by log and webhook: once, and again only after it has fallen. */
export interface AlertSettings {
  /** Conflicts over changes received: more than the share `above` (default 0.05), `within` milliseconds (24 hours), `from` that many changes on (100). */
  readonly conflictRate: { readonly above: number; readonly within: number; readonly from: number };
  readonly unacknowledged: readonly UnacknowledgedRows[];
}

/** Rows that somebody must acknowledge: `column` is null until then. */
export interface UnacknowledgedRows {
  readonly table: string;
  readonly column: string;
  /** The column with the time the row was made; absent: when the server first had it. */
  readonly made?: string;
  /** Milliseconds after which operators are told. Default 15 minutes. */
  readonly after: number;
}

export interface Table {
  readonly name: string;
  readonly columns: Readonly<Record<string, Column>>;
  /** Column names of the primary key; usually one `id`. */
  readonly primaryKey: readonly string[];
  readonly scopes: readonly ScopeRule[];
  readonly lane: string;
  readonly conflicts: ConflictPolicies;
  readonly access: Access;
  /** Shows pages of a backfill as they arrive. Default true. */
  readonly partial: boolean;
  /** Folds an edit into the row's last unsent mutation. Default true. */
  readonly coalesce: boolean;
  /** Audits writers other than push, by the capture trigger. Default true. */
  readonly audit: boolean;
  readonly unique: readonly (readonly string[])[];
  readonly indexes: readonly (readonly string[])[];
  /** Every reference to another table: one for each `ref` column, and those of several columns. */
  readonly foreignKeys: readonly ForeignKey[];
  readonly retry?: RetrySettings;
  readonly batch?: BatchSettings;
  /** Cron text or seconds; absent: as the lane. */
  readonly schedule?: string | number;
  /** Milliseconds after which shown data counts as stale. */
  readonly staleAfter?: number;
  /** The app's own SQLite triggers, silent while server rows are applied. */
  readonly triggers: readonly LocalTrigger[];
  /** An existing table in PostgreSQL instead of one that Satchel makes. */
  readonly adopt?: Adoption;
}

/** `columns` of this table hold the primary key of a row of `references`, in that key's order. */
export interface ForeignKey {
  readonly columns: readonly string[];
  readonly references: string;
  readonly onDelete: 'restrict' | 'cascade' | 'set-null';
}

/** Which scopes hold a row of a table. A row is in all that apply; a null in a template means no scope. */
export type ScopeRule =
  /** `store:{storeId}`: from the row's own columns. */
  | { readonly kind: 'template'; readonly template: ScopeTemplate }
  /** The scopes of the row of `table` that `columns` (a NOT NULL foreign key) point to. */
  | { readonly kind: 'via'; readonly columns: readonly string[]; readonly table: string }
  /** One scope for each row of a synced or plain table that names this row: `template` reads that table's columns. */
  | {
      readonly kind: 'membership';
      readonly table: string;
      readonly column: string;
      readonly template: ScopeTemplate;
      /** The table is an ordinary PostgreSQL table (`schema.table` or `table`) that no client holds. */
      readonly plain: boolean;
    };

/** `store:{storeId}` as parts; values are percent-encoded when it is filled in. */
export interface ScopeTemplate {
  readonly text: string;
  readonly parts: readonly ({ readonly literal: string } | { readonly column: string })[];
}

/** What the token says, after it was verified. */
export interface Principal {
  /** `iss` and `sub` of the token, together: who may reuse a mutation id. */
  readonly id: string;
  readonly userId: string;
  readonly roles: readonly string[];
  /** Way in: mobile, web, agent, ussd, sms. */
  readonly channel: string;
  readonly claims: Readonly<Record<string, Json>>;
  /** UTC milliseconds. */
  readonly expiresAt: number;
}

/** Which scopes a user may hold. */
export type ScopesOf =
  | { readonly kind: 'claims'; readonly scopes: (principal: Principal) => readonly string[] }
  /**
   * SQL over membership tables, run in the delta's own snapshot; one text column of
   * scope names. `$1` is the user id, `$2` the claims as jsonb, `$3` the roles as text[].
   * `reads` names its tables: synced ones as the app does, plain ones as PostgreSQL does.
   */
  | { readonly kind: 'sql'; readonly text: string; readonly reads: readonly string[] };

export type Operation = 'read' | 'insert' | 'update' | 'delete';

/** Who may do what. A list of roles; `'*'` is any signed-in user. */
export interface Access {
  readonly operations: Readonly<Record<Operation, readonly string[]>>;
  /** Narrower rules for single columns; absent means as the table. */
  readonly columns: Readonly<
    Record<string, { readonly read?: readonly string[]; readonly write?: readonly string[] }>
  >;
  /** By channel, the operations that it may do; absent means all. */
  readonly channels: Readonly<Record<string, readonly Operation[]>>;
}

export interface RetrySettings {
  /** Attempts before `failed`. Default 5. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubles each time. Default 1,000. */
  readonly firstDelay: number;
  /** Longest wait in milliseconds. Default 300,000. */
  readonly maxDelay: number;
}

export interface BatchSettings {
  /** Mutations in a batch. Default 100. */
  readonly maxItems: number;
  /** Bytes of a batch. Default 1,000,000. */
  readonly maxBytes: number;
}

export interface SyncSettings {
  /** Cron text or seconds; by kind of network. Default every 300 s. */
  readonly schedule: {
    readonly any?: string | number;
    readonly wifi?: string | number;
    readonly cellular?: string | number;
  };
  readonly order: 'download-first' | 'upload-first';
  readonly onStart: 'delta' | 'full';
  readonly batch: BatchSettings;
  /** Longest run in milliseconds; what is left waits for the next. Default none. */
  readonly maxRunMs?: number;
  readonly retry: RetrySettings;
  /** Overrides per lane. */
  readonly lanes: Readonly<
    Record<
      string,
      { readonly retry?: RetrySettings; readonly batch?: BatchSettings; readonly schedule?: string | number }
    >
  >;
  /** Local hours in which bulk lanes rest, `from` to `to`, 0 to 24. */
  readonly quietHours?: { readonly from: number; readonly to: number };
  readonly wifiOnly: boolean;
  /** Bytes a day and a month, by network kind; absent means no budget. */
  readonly budget: { readonly dailyBytes?: number; readonly monthlyBytes?: number };
  /** The lane whose writes start a run at once. Default the first. */
  readonly urgentLane: string;
  /** What starts a run besides the schedule and the user's hand. Default all. */
  readonly triggers: {
    readonly appStart: boolean;
    readonly networkRegained: boolean;
    readonly foreground: boolean;
    readonly urgentWrite: boolean;
    readonly poke: boolean;
    readonly conflictResolved: boolean;
  };
}

export interface Limits {
  readonly maxTextBytes: number;
  /** Changes of one mutation. Default 10,000. */
  readonly maxChanges: number;
  /** Bytes of one mutation. Default 4,000,000. */
  readonly maxMutationBytes: number;
  /** Milliseconds that a change may wait for its parent. Default 5 days. */
  readonly heldFor: number;
  /** Milliseconds that settled mutations stay on the device to be offered again. Default 30 days. */
  readonly keepSettledFor: number;
  /** Milliseconds after which a client that was not heard of no longer holds anything back. Default 90 days. */
  readonly clientLifetime: number;
  /** Tolerated difference of clocks in milliseconds. Default 60,000. */
  readonly clockTolerance: number;
}

/** One step of the schema's history: what changed to reach version `to`. */
export interface HistoryStep {
  readonly to: number;
  readonly changes: readonly SchemaChange[];
}

/** Pure functions and names, used to migrate PostgreSQL, to lift queued mutations and to lower pages. */
export type SchemaChange =
  /** The table is new: older clients do not know it. */
  | { readonly kind: 'add-table'; readonly table: string }
  /** The table is gone from the app; PostgreSQL keeps its rows. */
  | { readonly kind: 'drop-table'; readonly table: string }
  | { readonly kind: 'rename-table'; readonly from: string; readonly to: string }
  | { readonly kind: 'rename'; readonly table: string; readonly from: string; readonly to: string }
  | { readonly kind: 'add'; readonly table: string; readonly column: string; readonly value: Value }
  | {
      readonly kind: 'drop';
      readonly table: string;
      readonly column: string;
      /** The column as it was. */
      readonly was: Column;
      /** What older clients are shown in its place. */
      readonly value: Value;
    }
  | {
      /** One column becomes several (or several become other ones). */
      readonly kind: 'split';
      readonly table: string;
      readonly from: readonly string[];
      readonly to: readonly string[];
      /** The columns `from` as they were. */
      readonly was: Columns;
      readonly up: (old: Values) => Values;
      readonly down: (now: Values) => Values;
    };

/** A parameterised statement for the local database. */
export interface Query {
  readonly sql: string;
  readonly parameters?: readonly unknown[];
}

/** What a local function may use; all of it is one local transaction. */
export interface LocalDatabase {
  /** Rows of a SELECT. */
  all(sql: string, parameters?: readonly unknown[]): readonly Record<string, unknown>[];
  get(sql: string, parameters?: readonly unknown[]): Record<string, unknown> | undefined;
  run(sql: string, parameters?: readonly unknown[]): void;
  /** A new UUIDv7. */
  newId(): string;
  /** UTC milliseconds, fixed for the transaction. */
  now(): number;
}
export type LocalFunction = (db: LocalDatabase, args: Json) => Json | undefined;

/** `undefined` if the value is good; else a code and parameters of the app's own. */
export type Validator = (value: Value, row: Values) => Problem | undefined;

export interface ResolverInput {
  readonly table: string;
  readonly key: string;
  readonly column: string;
  readonly base: Value | undefined;
  readonly client: Value;
  readonly server: Value;
  readonly roles: readonly string[];
}
export type Resolver = (
  input: ResolverInput,
) => { readonly take: 'client' | 'server' | 'review' } | { readonly take: 'value'; readonly value: Value };

export interface AppliedChange {
  readonly mutationId: string;
  readonly userId: string;
  readonly table: string;
  readonly op: 'insert' | 'update' | 'delete';
  readonly key: string;
  readonly before: Values | null;
  readonly after: Values | null;
}
/** Runs after commit, at least once, keyed by mutation id. */
export type OnApplied = (change: AppliedChange) => void | Promise<void>;

/** Merges Yjs updates; given by the app so that Yjs stays optional. */
export interface DocumentMerger {
  /** Both in base64; the result holds all edits of both. */
  merge(a: string, b: string): string;
}

export interface LocalTrigger {
  readonly name: string;
  readonly timing: 'before' | 'after';
  readonly event: 'insert' | 'update' | 'delete';
  /** Condition without the word WHEN. */
  readonly when?: string;
  /** Statements between BEGIN and END. */
  readonly body: string;
}

export interface Adoption {
  /** Schema in PostgreSQL. Default `public`. */
  readonly schema: string;
  readonly table: string;
  /** PostgreSQL column by column name; absent names are snake_case. */
  readonly columns: Readonly<Record<string, string>>;
}

export type { KeyType };
