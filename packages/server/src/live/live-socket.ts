/** One WebSocket as a session needs it. Nothing throws, also after it was closed. */
export interface LiveSocket {
  /** One text message, in UTF-8. The buffer may be shared with other sockets. */
  send(message: Buffer): void;
  /** Bytes that were sent and have not left yet. */
  readonly buffered: number;
  close(code: number, reason: string): void;
  /** Asks for a sign of life; `false` when the last one was not answered. */
  ping(): boolean;
}
