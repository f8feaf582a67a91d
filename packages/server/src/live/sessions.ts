import type { Timer } from '@satchel/core';
import {
  LIVE_CLOSE,
  type LivePushSession,
  type LiveUp,
  liveUpSchema,
  type PushRequest,
  type PushResponse,
  packAnswers,
  SatchelError,
  unpackPush,
  unreachable,
} from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import { heardFrom } from '../clients/heard.ts';
import type { ServerContext } from '../context.ts';
import { checkVersions, type Reader } from '../pull/reader.ts';
import { readerView } from '../pull/reader-view.ts';
import type { LiveSocket } from './live-socket.ts';
import { LiveSession } from './session.ts';
import type { Tailer } from './tailer.ts';

/** Verifies a token. Throws `auth_missing`, `auth_invalid`, `auth_expired`. */
export type Authenticate = (token: string) => Promise<Principal>;

/** Takes a push that came over a socket, as the route takes one by HTTP. */
export type TakePush = (principal: Principal, request: PushRequest) => Promise<PushResponse>;

/** Pushes of one connection that are under way at once; a client sends one after the other. */
const MAX_PUSHES = 4;
/** Milliseconds in which a new socket must say hello. */
const HELLO_WITHIN = 10_000;
/** Milliseconds between signs of life; a socket that misses one is dead. */
const PING_EVERY = 25_000;
/** Milliseconds between looks for clients that were locked out. */
const REVOKED_EVERY = 1_000;
/** Live connections of one user, all devices and tabs together. */
const MAX_PER_USER = 50;
/** Messages of one socket a minute. */
const MAX_MESSAGES = 240;

/** One socket from its opening on. */
interface Connection {
  readonly socket: LiveSocket;
  session: LiveSession | null;
  /** What its pushes leave out, once it said hello. */
  pushing: LivePushSession | null;
  /** Pushes under way. */
  pushes: number;
  /** Messages are taken one after the other. */
  turn: Promise<void>;
  messages: number;
  ended: boolean;
  hello: Timer | null;
  expiry: Timer | null;
}

/** What a socket's owner calls. */
export interface SocketEvents {
  message(text: string): void;
  closed(): void;
}

/**
 * The live connections of this node: who they are, how long their tokens last, and
 * what strangers may send.
 */
export class LiveSessions {
  readonly #ctx: ServerContext;
  readonly #tailer: Tailer;
  readonly #authenticate: Authenticate;
  readonly #push: TakePush | undefined;
  readonly #underWay = new Set<Promise<void>>();
  readonly #connections = new Set<Connection>();
  readonly #timers: Timer[] = [];
  /** The newest lock-out that was seen, UTC milliseconds. */
  #revokedAt: number;
  #stopped = false;

  constructor(ctx: ServerContext, tailer: Tailer, authenticate: Authenticate, push?: TakePush) {
    this.#ctx = ctx;
    this.#tailer = tailer;
    this.#authenticate = authenticate;
    this.#push = push;
    this.#revokedAt = ctx.clock.now();
    this.#every(PING_EVERY, () => this.#ping());
    this.#every(REVOKED_EVERY, () => void this.closeRevoked());
  }

  get count(): number {
    return this.#connections.size;
  }

  accept(socket: LiveSocket): SocketEvents {
    const connection: Connection = {
      socket,
      session: null,
      pushing: null,
      pushes: 0,
      turn: Promise.resolve(),
      messages: 0,
      ended: false,
      hello: null,
      expiry: null,
    };
    this.#connections.add(connection);
    connection.hello = this.#ctx.scheduler.after(HELLO_WITHIN, () => {
      // Its line may be slow: that says nothing of its token.
      if (!connection.session) this.#end(connection, LIVE_CLOSE.goingAway, 'no hello');
    });
    return {
      message: (text) => {
        connection.messages += 1;
        if (connection.messages > MAX_MESSAGES) {
          this.#end(connection, LIVE_CLOSE.invalid, 'too many messages');
          return;
        }
        connection.turn = connection.turn.then(() => this.#take(connection, text));
      },
      closed: () => this.#forget(connection),
    };
  }

  /** Closes every socket; clients connect again, to another node or later. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    for (const connection of [...this.#connections]) {
      this.#end(connection, LIVE_CLOSE.goingAway, 'server stopping');
    }
  }

  /** Resolves when no push is under way. */
  async pushed(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** Closes the sockets of clients that an administrator locked out (rule 30). */
  async closeRevoked(): Promise<void> {
    if (this.#tailer.sessions.size === 0) return;
    try {
      const { rows } = await this.#ctx.db.query<{ id: string; at: number }>(
        `select c.client_id as id, c.revoked_at as at
         from satchel.clients c where c.revoked is not null and c.revoked_at >= $1`,
        [this.#revokedAt - REVOKED_SLACK],
        'live_revoked',
      );
      const revoked = new Set(rows.map(({ id }) => id));
      for (const { at } of rows) this.#revokedAt = Math.max(this.#revokedAt, at);
      for (const connection of [...this.#connections]) {
        const id = connection.session?.reader.clientId;
        if (id !== undefined && revoked.has(id)) this.#end(connection, LIVE_CLOSE.revoked, 'client_revoked');
      }
    } catch (error) {
      this.#ctx.log.warn({ err: error }, 'could not look for locked clients; tried again');
    }
  }

  async #take(connection: Connection, text: string): Promise<void> {
    if (connection.ended) return;
    const message = parse(text);
    try {
      if (!message) throw new SatchelError('request_invalid', { path: '', reason: 'not a live message' });
      if (!connection.session && message.type !== 'hello') {
        throw new SatchelError('request_invalid', { path: 'type', reason: 'expected hello' });
      }
      switch (message.type) {
        case 'hello':
          await this.#hello(connection, message);
          return;
        case 'resume':
          connection.session?.join(message.cursor);
          this.#tailer.wake();
          return;
        case 'push':
          this.#startPush(connection, message);
          return;
        case 'token':
          await this.#token(connection, message.token);
          return;
        default:
          unreachable(message);
      }
    } catch (error) {
      this.#refuse(connection, error);
    }
  }

  async #hello(connection: Connection, hello: LiveUp & { type: 'hello' }): Promise<void> {
    if (connection.session)
      throw new SatchelError('request_invalid', { path: 'type', reason: 'hello twice' });
    const ctx = this.#ctx;
    const principal = await this.#authenticate(hello.token);
    checkVersions(ctx, hello);
    await heardFrom(ctx, ctx.db, principal, hello.clientId, {});
    if (this.#countOf(principal) >= MAX_PER_USER) throw new SatchelError('rate_limited', { retryAfter: 60 });
    if (connection.ended || this.#stopped) return;
    const reader: Reader = {
      principal,
      clientId: hello.clientId,
      schemaVersion: hello.schemaVersion,
      subscription: hello.subscription,
      brief: hello.brief,
    };
    const id = Buffer.from(ctx.random.bytes(12)).toString('base64url');
    const session = new LiveSession(id, connection.socket, reader, readerView(ctx, reader));
    connection.session = session;
    this.#expireAt(connection, principal.expiresAt);
    connection.pushing = {
      clientId: hello.clientId,
      userId: principal.userId,
      schemaVersion: hello.schemaVersion,
    };
    session.tell({
      type: 'ready',
      sessionId: id,
      serverTime: ctx.clock.now(),
      ...(this.#push ? { push: principal.userId } : {}),
    });
    if (hello.cursor === null) session.poke();
    else session.join(hello.cursor);
    this.#tailer.add(session);
  }

  /** Beside the connection's other messages, which need not wait for it. */
  #startPush(connection: Connection, message: LiveUp & { type: 'push' }): void {
    const { pushing, session } = connection;
    const request = pushing && unpackPush(pushing, message.push);
    if (!session || !request || !this.#push || connection.pushes >= MAX_PUSHES)
      throw new SatchelError('request_invalid', { path: 'type', reason: 'no push is expected' });
    // Pushes are counted as requests are.
    connection.messages -= 1;
    connection.pushes += 1;
    const work = this.#answerPush(session, message.id, request, this.#push).finally(() => {
      connection.pushes -= 1;
      this.#underWay.delete(work);
    });
    this.#underWay.add(work);
  }

  async #answerPush(session: LiveSession, id: number, request: PushRequest, push: TakePush): Promise<void> {
    try {
      const response = await push(session.reader.principal, request);
      const versions = packAnswers(request, response);
      session.tell(
        versions
          ? { type: 'answer', id, serverTime: response.serverTime, versions }
          : { type: 'answer', id, response },
      );
    } catch (error) {
      const told = error instanceof SatchelError ? error : new SatchelError('server_error');
      session.tell({ type: 'answer', id, problem: told.toProblem() });
    }
  }

  /** A new token on an open socket: of the same user, or the socket is closed. */
  async #token(connection: Connection, token: string): Promise<void> {
    const { session } = connection;
    if (!session) return;
    const principal = await this.#authenticate(token);
    if (principal.id !== session.reader.principal.id) throw new SatchelError('auth_invalid');
    if (connection.ended) return;
    session.reader = { ...session.reader, principal };
    session.view = readerView(this.#ctx, session.reader);
    session.rights += 1;
    this.#expireAt(connection, principal.expiresAt);
    this.#tailer.wake();
  }

  #expireAt(connection: Connection, expiresAt: number): void {
    connection.expiry?.cancel();
    connection.expiry = this.#ctx.scheduler.after(expiresAt - this.#ctx.clock.now(), () => {
      // A timer may be shorter than the token lasts: timers have a longest wait.
      if (this.#ctx.clock.now() < expiresAt) this.#expireAt(connection, expiresAt);
      else this.#end(connection, LIVE_CLOSE.needsAuth, 'auth_expired');
    });
  }

  #refuse(connection: Connection, error: unknown): void {
    if (!(error instanceof SatchelError)) {
      this.#ctx.log.error({ err: error }, 'a live message could not be answered');
      this.#end(connection, LIVE_CLOSE.goingAway, 'server_error');
      return;
    }
    connection.socket.send(Buffer.from(JSON.stringify({ type: 'problem', problem: error.toProblem() })));
    this.#end(connection, closeCodeOf(error), error.code);
  }

  #countOf(principal: Principal): number {
    let count = 0;
    for (const { reader } of this.#tailer.sessions) if (reader.principal.id === principal.id) count += 1;
    return count;
  }

  #ping(): void {
    for (const connection of [...this.#connections]) {
      connection.messages = 0;
      if (!connection.socket.ping()) this.#end(connection, LIVE_CLOSE.goingAway, 'no sign of life');
    }
  }

  #end(connection: Connection, code: number, reason: string): void {
    connection.socket.close(code, reason);
    this.#forget(connection);
  }

  #forget(connection: Connection): void {
    if (connection.ended) return;
    connection.ended = true;
    connection.hello?.cancel();
    connection.expiry?.cancel();
    if (connection.session) this.#tailer.remove(connection.session);
    this.#connections.delete(connection);
  }

  #every(delay: number, run: () => void): void {
    const place = this.#timers.length;
    const again = (): void => {
      this.#timers[place] = this.#ctx.scheduler.after(delay, () => {
        if (this.#stopped) return;
        run();
        again();
      });
    };
    again();
  }
}

/** Nodes' clocks differ; a lock-out within this of the newest one is looked at again. */
const REVOKED_SLACK = 120_000;

const parse = (text: string): LiveUp | undefined => {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = liveUpSchema.safeParse(data);
  return parsed.success ? parsed.data : undefined;
};

const closeCodeOf = (error: SatchelError): number => {
  if (error.code === 'client_revoked') return LIVE_CLOSE.revoked;
  if (error.retry === 'after-auth') return LIVE_CLOSE.needsAuth;
  return error.retry === 'later' ? LIVE_CLOSE.goingAway : LIVE_CLOSE.invalid;
};
