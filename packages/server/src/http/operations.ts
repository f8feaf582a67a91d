import type {
  AckRequest,
  AckResponse,
  BatchList,
  BatchRecord,
  ClientList,
  ClientRecord,
  Conflict,
  ConflictList,
  DigestRequest,
  DigestResponse,
  Figures,
  ItemList,
  OperatorAlertList,
  PullRequest,
  PushRequest,
  PushResponse,
  ReplayResponse,
  ResolveManyRequest,
  ResolveManyResponse,
  ResolveRequest,
  RowHistory,
  RowsRequest,
  RowsResponse,
  StatusResponse,
  VersionsRequest,
  VersionsResponse,
} from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { Gauges } from '../operate/gauges.ts';
import type { AlertFilter } from '../operate/list-alerts.ts';
import type { RecordFilter } from '../operate/list-batches.ts';
import type { ItemFilter } from '../operate/list-items.ts';

/** Where a request came from, for the raw batch and the log. */
export interface Origin {
  readonly requestId: string;
  readonly address: string;
  /** The caller has stored the request under its `batchId` already. */
  readonly isKept?: boolean;
}

export type PullAnswer =
  | { readonly kind: 'unchanged' }
  /**
   * JSON lines without line ends. `digest` is that of the cursor in the tail, where it is
   * known beforehand; `next` that cursor, where there is more.
   */
  | {
      readonly kind: 'page';
      readonly lines: Iterable<string> | AsyncIterable<string>;
      readonly digest?: string;
      readonly next?: string | null;
    };

export interface ConflictFilter {
  readonly state?: 'open' | 'escalated' | 'settled';
  readonly table?: string;
  readonly clientId?: string;
  readonly kind?: Conflict['kind'];
  readonly key?: string;
  readonly column?: string;
  readonly policy?: string;
  readonly author?: string;
  readonly since?: number;
  readonly until?: number;
  /** The `next` of the page before. */
  readonly after?: string;
  readonly limit: number;
}

export interface PageFilter {
  readonly after?: string;
  readonly limit: number;
}

/**
 * What the HTTP layer asks of the server: one function per route, over verified
 * principals and validated requests. Every expected failure is a `SatchelError`.
 */
export interface Operations {
  /** What an administrator ordered for this client; `null` while it is welcome or unknown. */
  revokedAs(clientId: string): Promise<'lock' | 'wipe' | null>;
  /** `raw` is the request's text as it came, kept under its `batchId`. */
  push(principal: Principal, request: PushRequest, raw: string, origin: Origin): Promise<PushResponse>;
  pull(principal: Principal, request: PullRequest, digest: string | null): Promise<PullAnswer>;
  ack(principal: Principal, request: AckRequest): Promise<AckResponse>;
  digests(principal: Principal, request: DigestRequest): Promise<DigestResponse>;
  versions(principal: Principal, request: VersionsRequest): Promise<VersionsResponse>;
  rows(principal: Principal, request: RowsRequest): Promise<RowsResponse>;
  status(principal: Principal): Promise<StatusResponse>;
  listConflicts(principal: Principal, filter: ConflictFilter): Promise<ConflictList>;
  showConflict(principal: Principal, conflictId: string): Promise<Conflict>;
  resolveConflict(principal: Principal, conflictId: string, request: ResolveRequest): Promise<Conflict>;
  undoConflict(principal: Principal, conflictId: string): Promise<Conflict>;
  escalateConflict(principal: Principal, conflictId: string, note: string | undefined): Promise<Conflict>;
  resolveConflicts(principal: Principal, request: ResolveManyRequest): Promise<ResolveManyResponse>;
  listClients(filter: PageFilter & { readonly userId?: string }): Promise<ClientList>;
  revokeClient(
    principal: Principal,
    clientId: string,
    action: 'lock' | 'wipe' | undefined,
  ): Promise<ClientRecord>;
  restoreClient(principal: Principal, clientId: string): Promise<ClientRecord>;
  listBatches(filter: RecordFilter): Promise<BatchList>;
  listItems(filter: ItemFilter): Promise<ItemList>;
  listAlerts(filter: AlertFilter): Promise<OperatorAlertList>;
  figures(span: { readonly since?: number; readonly until?: number }): Promise<Figures>;
  showBatch(principal: Principal, batchId: string): Promise<BatchRecord>;
  replayBatch(principal: Principal, batchId: string, dryRun: boolean): Promise<ReplayResponse>;
  rowHistory(principal: Principal, table: string, key: string, filter: PageFilter): Promise<RowHistory>;
  /** Resolves when the server can answer; rejects with what is missing. */
  ready(): Promise<void>;
  gauges(): Promise<Gauges>;
}
