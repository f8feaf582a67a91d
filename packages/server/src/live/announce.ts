import type { Timer } from '@satchel/core';
import type { ServerContext } from '../context.ts';

/** The channel of PostgreSQL on which nodes tell each other of news. */
export const CHANNEL = 'satchel';

/**
 * Milliseconds in which further news is gathered after a NOTIFY. Commits with NOTIFY
 * take a lock of the whole cluster, so there are never more than fifty a second a node.
 */
export const GATHER = 20;

/**
 * Milliseconds for which a NOTIFY waits at most for this node's own round to have read.
 * Its commit writes to the log: a round that reads meanwhile would have to wait until
 * that is on disk, or to write there itself (six statements more a change, seen).
 */
const ROUND_FIRST = 5;

/**
 * Tells every node that something was committed: this one at once, the others by one
 * NOTIFY as soon as this one has read, and further ones gathered (rule 35). Returns at once; call it after
 * the commit. Lost news is found by the tailers' slow poll.
 */
export const announce = (ctx: ServerContext): void => announcerOf(ctx).announce();

/** Resolves when what was announced has been read, where it is known. */
type Heard = () => Promise<void> | undefined;

/** Calls `heard` for each announcement of this node, until the returned function is called. */
export const onAnnounced = (ctx: ServerContext, heard: Heard): (() => void) => announcerOf(ctx).listen(heard);

/** Gives up notifications that are still being gathered: the node stops. */
export const stopAnnouncing = (ctx: ServerContext): void => announcers.get(ctx)?.stop();

/** The payload of this node's own notifications, which its tailer need not hear again. */
export const nodeName = (ctx: ServerContext): string => announcerOf(ctx).node;

const announcers = new WeakMap<ServerContext, Announcer>();

const announcerOf = (ctx: ServerContext): Announcer => {
  let announcer = announcers.get(ctx);
  if (!announcer) {
    announcer = new Announcer(ctx);
    announcers.set(ctx, announcer);
  }
  return announcer;
};

class Announcer {
  readonly node: string;
  readonly #ctx: ServerContext;
  readonly #heard = new Set<Heard>();
  #gathering: Timer | null = null;
  #again = false;

  constructor(ctx: ServerContext) {
    this.#ctx = ctx;
    this.node = Buffer.from(ctx.random.bytes(9)).toString('base64url');
  }

  announce(): void {
    const rounds = [...this.#heard].flatMap((heard) => heard() ?? []);
    if (this.#gathering) this.#again = true;
    else this.#notify(rounds);
  }

  stop(): void {
    this.#gathering?.cancel();
    this.#gathering = null;
    this.#again = false;
  }

  listen(heard: Heard): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
  }

  #notify(rounds: readonly Promise<void>[] = []): void {
    this.#again = false;
    this.#gathering = this.#ctx.scheduler.after(GATHER, () => {
      this.#gathering = null;
      if (this.#again) this.#notify();
    });
    if (rounds.length === 0) {
      this.#send();
      return;
    }
    let isSent = false;
    const send = (): void => {
      late.cancel();
      if (!isSent) this.#send();
      isSent = true;
    };
    const late = this.#ctx.scheduler.after(ROUND_FIRST, send);
    Promise.all(rounds).then(send, send);
  }

  #send(): void {
    this.#ctx.db
      .query('select pg_notify($1, $2)', [CHANNEL, this.node], 'announce')
      .catch((error: unknown) => {
        this.#ctx.log.warn({ err: error }, 'a notification was lost; the other nodes poll');
      });
  }
}
