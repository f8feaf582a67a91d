import type {
  Conflict,
  ConflictList,
  DigestRequest,
  DigestResponse,
  PageLine,
  PullRequest,
  PushRequest,
  PushResponse,
  ResolveRequest,
  RowsRequest,
  RowsResponse,
  VersionsRequest,
  VersionsResponse,
} from '@satchel/protocol';

/** Bytes on the wire of one exchange, counted at the transport's edge. */
export interface Metered {
  readonly sent: number;
  readonly received: number;
}

export type PullAnswer =
  | { readonly kind: 'page'; readonly lines: readonly PageLine[] }
  /** 304: nothing new. */
  | { readonly kind: 'unchanged' };

/**
 * The road to the server. Every failure is a `SatchelError` whose `code` says what
 * happened (`network_…` when there was no answer) and never a matter of text.
 * `signal` calls an exchange off.
 */
export interface Transport {
  /** `sent` is called when the request has left the device, where the platform can tell. */
  push(request: PushRequest, signal: AbortSignal, sent?: () => void): Promise<PushResponse>;
  /**
   * `digest`: the digest of the cursor, sent as `If-None-Match`. `sent` as with `push`.
   * `next` may be called with the cursor of the page after this one, before this one is there.
   */
  pull(
    request: PullRequest,
    digest: string | null,
    signal: AbortSignal,
    sent?: () => void,
    next?: (cursor: string) => void,
  ): Promise<PullAnswer>;
  digests(request: DigestRequest, signal: AbortSignal): Promise<DigestResponse>;
  versions(request: VersionsRequest, signal: AbortSignal): Promise<VersionsResponse>;
  rows(request: RowsRequest, signal: AbortSignal): Promise<RowsResponse>;
  conflicts(clientId: string, signal: AbortSignal): Promise<ConflictList>;
  resolve(
    clientId: string,
    conflictId: string,
    request: ResolveRequest,
    signal: AbortSignal,
  ): Promise<Conflict>;
  undo(clientId: string, conflictId: string, signal: AbortSignal): Promise<Conflict>;
  /** Opens the live socket; calls back until `close` is called or `closed` was. */
  live(open: LiveOpen): LiveConnection;
  /** Called for each exchange, also for those that fail. */
  onMetered(
    heard: (traffic: 'data' | 'alerts' | 'media' | 'advisories', action: string, bytes: Metered) => void,
  ): void;
}

export interface LiveOpen {
  readonly hello: Omit<import('@satchel/protocol').LiveUp & { type: 'hello' }, 'type' | 'token'>;
  /** The socket is open, and hello was said. */
  readonly opened: () => void;
  readonly page: (lines: readonly PageLine[]) => void;
  readonly poke: () => void;
  readonly ready: (sessionId: string) => void;
  /** `code` is an error code of the catalogue; `network_unreachable` for a lost connection. */
  readonly closed: (code: string) => void;
}
export interface LiveConnection {
  /** Tells the server the cursor that the client now has. */
  resume(cursor: string): void;
  /** Hands over a new token on the open socket. */
  token(token: string): void;
  close(): void;
}

/** Gives the token of the signed-in user, or `null` when there is none. Called for each exchange. */
export type TokenSource = () => string | null | Promise<string | null>;
