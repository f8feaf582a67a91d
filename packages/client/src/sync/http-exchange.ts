/**
 * One HTTP exchange, with the bytes that went over the wire. `platform/node` and
 * `platform/browser` each have one; everything above is the same.
 */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Text to send; the exchange compresses it when that pays. */
  readonly body?: string;
  /** Milliseconds without a byte from the server after which it is given up. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called with the headers of a success, before its body is read. */
  readonly began?: (headers: Readonly<Record<string, string>>) => void;
  /** Called when the request has been handed to the network; a platform that cannot tell leaves it. */
  readonly sent?: () => void;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decompressed. */
  readonly text: string;
  readonly sent: number;
  readonly received: number;
}

/**
 * Rejects with `SatchelError`: `network_unreachable` when there was no answer,
 * `network_timeout` when it took too long, `network_intercepted` when the
 * connection was not the server's (TLS).
 */
export type HttpExchange = (request: HttpRequest) => Promise<HttpAnswer>;

/** A WebSocket as the live session needs it. */
export interface Socket {
  send(text: string): void;
  close(): void;
}
export interface SocketEvents {
  readonly open: () => void;
  readonly message: (text: string) => void;
  /** Once, at the end: the close code, or 1006 for a lost or refused connection. */
  readonly closed: (code: number) => void;
}
export type SocketOpener = (url: string, events: SocketEvents) => Socket;
