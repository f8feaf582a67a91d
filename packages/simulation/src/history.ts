import type { Json, OutcomeKind, Problem } from '@satchel/protocol';
import type { Fault } from './faults.ts';

/** A row as JSON, by camelCase column. Sets are sorted lists, counters numbers, moments UTC milliseconds. */
export type PlainRow = Readonly<Record<string, Json>>;

/** One row changed by an app on a device: what the user saw, and what he made of it. */
export interface WrittenChange {
  /** In the words of the device's schema version. */
  readonly table: string;
  readonly op: 'insert' | 'update' | 'delete';
  readonly key: string;
  /** Insert: every column given. Update: the columns written. Delete: empty. */
  readonly values: PlainRow;
  /** The whole row as it was on the screen; `null` when there was none. */
  readonly before: PlainRow | null;
}

/** One row changed in PostgreSQL, as a row trigger of the simulation saw it, in PostgreSQL's own names and values. */
export interface CommittedRow {
  /** Name in PostgreSQL: a table of the app, or one of its tables of rights. */
  readonly table: string;
  readonly op: 'insert' | 'update' | 'delete';
  readonly before: PlainRow | null;
  readonly after: PlainRow | null;
}

/** What the server stored of a mutation, as `satchel.mutations` has it. */
export interface CommittedMutation {
  readonly mutationId: string;
  readonly author: string;
  readonly state: 'settled' | 'held' | 'review';
  readonly outcome: OutcomeKind | null;
}

/** A mutation in a device's outbox. */
export interface OutboxItem {
  readonly mutationId: string;
  readonly state: 'queued' | 'in-flight' | 'blocked' | 'review' | 'settled' | 'failed' | 'quarantined';
  readonly outcome: OutcomeKind | null;
  readonly blockedBy: string | null;
  /** The server keeps it until the row that it refers to is there. */
  readonly held: boolean;
  readonly problem: Problem | null;
}

/** What a device shows of itself, and beside it what is true. */
export interface StatusShown {
  readonly phase: string;
  readonly waitingFor: string | null;
  readonly online: boolean;
  readonly live: boolean;
  readonly pending: number;
  readonly failed: number;
  readonly blocked: number;
  readonly review: number;
  readonly held: number;
  readonly quarantined: number;
  readonly openConflicts: number;
  readonly needsAuth: string | null;
  readonly locked: boolean;
  readonly complete: boolean;
  readonly checkpointAt: number | null;
  readonly uploading: boolean;
  readonly downloading: boolean;
  readonly paused: boolean;
  readonly problem: Problem | null;
  readonly cloned: boolean;
  readonly storage: { readonly kind: string; readonly durability: string };
}

/** What the simulation knows of a device at that moment. */
export interface StatusTruth {
  /** What its network source says. */
  readonly networkOnline: boolean;
  /** No partition, portal or outage lies between it and at least one server. */
  readonly serverReachable: boolean;
  readonly tokenValid: boolean;
  readonly revoked: boolean;
  /** Mutations in the outbox that are neither settled nor quarantined. */
  readonly unsettled: number;
  readonly quarantined: number;
  /** This device's clock minus true time, milliseconds. */
  readonly clockError: number;
}

/** The state of one device at the end. */
export interface FinalClient {
  readonly client: string;
  readonly clientId: string;
  readonly user: string;
  readonly roles: readonly string[];
  readonly schemaVersion: number;
  /** Visible rows by table, in the words of its schema version, sorted by key. */
  readonly tables: Readonly<Record<string, readonly PlainRow[]>>;
  readonly outbox: readonly OutboxItem[];
  readonly status: StatusShown;
  readonly truth: StatusTruth;
  /** Conflicts that it knows of: id, state, key. */
  readonly conflicts: readonly {
    readonly conflictId: string;
    readonly state: string;
    readonly table: string;
    readonly key: string;
    readonly mutationIds: readonly string[];
  }[];
}

/** PostgreSQL at the end, read by plain SQL. */
export interface FinalServer {
  /** Rows by table of the newest schema, by camelCase column, sorted by key. */
  readonly tables: Readonly<Record<string, readonly PlainRow[]>>;
  /** Scopes by user, by plain SQL over the tables of rights. */
  readonly scopes: Readonly<Record<string, readonly string[]>>;
  /** Rows of the tables of rights. */
  readonly rights: Readonly<Record<string, readonly PlainRow[]>>;
  readonly mutations: readonly CommittedMutation[];
  /** Conflict records, by mutation. */
  readonly conflicts: readonly {
    readonly conflictId: string;
    readonly state: string;
    readonly table: string;
    readonly key: string;
    readonly mutationIds: readonly string[];
    readonly policy: string;
  }[];
  readonly schemaVersion: number;
  /** The whole audit, in its order. */
  readonly audit: readonly AuditedChange[];
  /** Numbers of mutations, up to the last of each run, that are neither settled nor waiting; by client. */
  readonly unknownSeqs: readonly { readonly clientId: string; readonly seqs: number }[];
}

/** One entry of the audit, in the words of the schema that it was written in. */
export interface AuditedChange {
  readonly table: string;
  readonly key: string;
  readonly op: 'insert' | 'update' | 'delete';
  readonly before: PlainRow | null;
  readonly after: PlainRow | null;
}

/** How much is kept on the server: rows of its own tables by name, and what may be there. */
export interface KeptOnServer {
  /** Entries of rows that are in a scope, and of rows that are gone from one. */
  readonly present: number;
  readonly gone: number;
  /** Stored outcomes, settled and not. */
  readonly settled: number;
  readonly waiting: number;
  /** Ranges of settled numbers, and runs that have some. */
  readonly ranges: number;
  readonly runs: number;
  readonly audit: number;
  readonly hours: number;
  readonly moments: number;
}

/** How much is kept on a device beside the app's rows. */
export interface KeptOnDevice {
  readonly client: string;
  /** The server does not speak with it: it is locked out, or nobody is logged in. */
  readonly shutOut: boolean;
  readonly settled: number;
  readonly unsettled: number;
  /** Changes that are not yet on the server, and rows as they are below them. */
  readonly changes: number;
  readonly base: number;
  /** Lines of pages that wait. */
  readonly stage: number;
  readonly erased: number;
}

/** Events carry virtual UTC milliseconds, the step they belong to and a number that rises by one. */
export interface EventHead {
  readonly number: number;
  readonly step: number;
  readonly at: number;
}

/** What happened. Everything that an oracle needs, and nothing of how the engine works. */
export type HistoryEventBody =
  /** A device begins, or begins again: a new opening of its database. */
  | {
      readonly kind: 'opened';
      readonly client: string;
      readonly clientId: string;
      readonly user: string;
      readonly roles: readonly string[];
      readonly schemaVersion: number;
    }
  /** The app's promise resolved: from here on the write may not be lost. A folded edit has the id of the mutation that took it in. */
  | {
      readonly kind: 'wrote';
      readonly client: string;
      readonly user: string;
      readonly schemaVersion: number;
      readonly mutationId: string;
      /** The device's own clock. */
      readonly clock: number;
      readonly changes: readonly WrittenChange[];
    }
  /** The local write left nothing to send: what it changed was as before, or it took back a row that was never sent. */
  | { readonly kind: 'taken-back'; readonly client: string; readonly changes: readonly WrittenChange[] }
  /** The local write failed, and nothing of it may show. */
  | {
      readonly kind: 'write-refused';
      readonly client: string;
      readonly code: string;
      readonly changes: readonly WrittenChange[];
    }
  /** The device was killed within a local write: it is whole or not there; the promise never resolved. */
  | {
      readonly kind: 'write-torn';
      readonly client: string;
      readonly user: string;
      readonly schemaVersion: number;
      readonly clock: number;
      readonly changes: readonly WrittenChange[];
    }
  /** The answer to a mutation came to the device over the wire (it may be killed before it takes it in). */
  | {
      readonly kind: 'told';
      readonly client: string;
      readonly mutationId: string;
      readonly answer: 'outcome' | 'held' | 'needs-earlier';
      readonly outcome: OutcomeKind | null;
      readonly repeat: boolean;
    }
  /** A mutation's state in the device's outbox changed, as a screen would show it. */
  | { readonly kind: 'outbox'; readonly client: string; readonly item: OutboxItem }
  /** The user threw a quarantined mutation away, or wrote it again as another. */
  | {
      readonly kind: 'quarantine-emptied';
      readonly client: string;
      readonly mutationId: string;
      readonly how: 'discarded' | 'retried';
      readonly as: string | null;
    }
  /** All visible rows of a table were read on a device. */
  | {
      readonly kind: 'read';
      readonly client: string;
      readonly user: string;
      readonly schemaVersion: number;
      readonly table: string;
      readonly rows: readonly PlainRow[];
    }
  /** Bytes from a server reached a device, decompressed. */
  | {
      readonly kind: 'received';
      readonly client: string;
      readonly user: string;
      readonly action: string;
      readonly text: string;
    }
  /** A transaction with changes committed in PostgreSQL. `order` counts commits. */
  | {
      readonly kind: 'committed';
      readonly by: 'server' | 'sql';
      /** Which server, or which writer. */
      readonly name: string;
      readonly order: number;
      readonly rows: readonly CommittedRow[];
      readonly mutations: readonly CommittedMutation[];
    }
  /** A right was given or taken; it counts from the commit named by `order`. */
  | {
      readonly kind: 'rights';
      readonly user: string;
      readonly change: 'granted' | 'revoked';
      readonly scope: string;
      readonly order: number;
    }
  /** A conflict was decided by a person on a device. */
  | {
      readonly kind: 'resolved';
      readonly client: string;
      readonly conflictId: string;
      readonly decision: string;
    }
  | {
      readonly kind: 'status';
      readonly client: string;
      readonly shown: StatusShown;
      readonly truth: StatusTruth;
    }
  | { readonly kind: 'fault'; readonly fault: Fault; readonly target: string; readonly detail: string }
  /** The last fault has ended; `by` is the moment by which all must be in order. */
  | { readonly kind: 'healed'; readonly by: number }
  | { readonly kind: 'killed'; readonly client: string; readonly where: string }
  /** A device went on from an older copy of its database, made at `asOf`. */
  | { readonly kind: 'restored'; readonly client: string; readonly asOf: number }
  /** A second device began as a copy of another. */
  | { readonly kind: 'cloned'; readonly client: string; readonly from: string }
  | { readonly kind: 'evicted'; readonly client: string }
  | { readonly kind: 'upgraded'; readonly client: string; readonly from: number; readonly to: number }
  | { readonly kind: 'user-switched'; readonly client: string; readonly from: string; readonly to: string }
  /** The device was locked out by an administrator, or let in again. */
  | { readonly kind: 'client-revoked'; readonly client: string; readonly revoked: boolean }
  | { readonly kind: 'server'; readonly name: string; readonly what: 'started' | 'crashed' | 'stopped' }
  /** PostgreSQL went on from a copy: commits above `survived` are gone. */
  | { readonly kind: 'database-restored'; readonly survived: number; readonly identity: 'new' | 'same' }
  | { readonly kind: 'migrated'; readonly to: number }
  /** Long after all came to rest, when everything old was pruned and nothing new was written. */
  | {
      readonly kind: 'aged';
      readonly kept: KeptOnServer;
      readonly clients: readonly KeptOnDevice[];
      readonly server: FinalServer;
    }
  /** Something other than a `SatchelError` was thrown by the engine. Always a bug. */
  | { readonly kind: 'crash'; readonly where: string; readonly error: string }
  /** Nothing is left to do, or the time for it is over. */
  | {
      readonly kind: 'quiesced';
      readonly clients: readonly FinalClient[];
      readonly server: FinalServer;
      /** Virtual milliseconds from the end of the faults until every device was at rest; `null`: never. */
      readonly healedWithin: number | null;
    };

export type HistoryEvent = EventHead & HistoryEventBody;
