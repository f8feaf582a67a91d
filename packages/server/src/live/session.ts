import type { LiveDown } from '@satchel/protocol';
import type { Reader } from '../pull/reader.ts';
import type { ReaderView } from '../pull/reader-view.ts';
import type { Audience } from './audience.ts';
import type { LiveSocket } from './live-socket.ts';

/**
 * Where a session is.
 *
 * ```
 *   joining --round--> following --too much, new scope, other view--> behind
 *      ^                   |                                            |
 *      +----- resume ------+<------------------ resume -----------------+
 * ```
 *
 * - `joining`: its cursor is known, the next round brings it to the tailer's place.
 * - `following`: gets every page.
 * - `behind`: was poked; it pulls, and then says where it is.
 */
export type SessionState =
  | { readonly kind: 'joining'; readonly token: string }
  | { readonly kind: 'following'; readonly audience: Audience }
  | { readonly kind: 'behind' };

/** One live connection, from its hello on. */
export class LiveSession {
  readonly id: string;
  readonly socket: LiveSocket;
  reader: Reader;
  view: ReaderView;
  state: SessionState = { kind: 'behind' };
  /** Digest of the cursor that the client has, once it was sent or told. */
  digest = '';
  /** The token of the last whole page of this connection: later cursors are it, moved to another place. */
  stem: string | null = null;
  /** When the client last got or told a cursor, UTC milliseconds. */
  cursorAt = 0;
  /** Rises with each token; what its scopes were computed for is in `checkedRights`. */
  rights = 0;
  checkedRights = 0;

  constructor(id: string, socket: LiveSocket, reader: Reader, view: ReaderView) {
    this.id = id;
    this.socket = socket;
    this.reader = reader;
    this.view = view;
  }

  /** The client says where it is: the next round takes it from there. */
  join(token: string): void {
    this.leave();
    this.stem = null;
    this.state = { kind: 'joining', token };
  }

  follow(audience: Audience): void {
    this.leave();
    audience.sessions.add(this);
    this.state = { kind: 'following', audience };
  }

  /** Something is new that is not sent here: the client pulls. */
  poke(): void {
    this.leave();
    this.state = { kind: 'behind' };
    this.socket.send(POKE);
  }

  /** Takes it out of its audience, before its state changes or it ends. */
  leave(): void {
    if (this.state.kind === 'following') this.state.audience.sessions.delete(this);
  }

  tell(message: LiveDown): void {
    this.socket.send(Buffer.from(JSON.stringify(message)));
  }
}

const POKE = Buffer.from(JSON.stringify({ type: 'poke' } satisfies LiveDown));
