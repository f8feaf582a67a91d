import { liveDownSchema, type Subscription } from '@satchel/protocol';
import type { LiveSocket } from '../../src/live/live-socket.ts';
import type { LiveSessions, SocketEvents } from '../../src/live/sessions.ts';
import type { Puller } from '../pull/shop.ts';

/** A socket without a network: what is sent is there at once. */
export class FakeSocket implements LiveSocket {
  readonly messages: string[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  buffered = 0;
  answersPings = true;
  heard: (message: string) => void = () => {};
  ended: () => void = () => {};

  send(message: Buffer): void {
    if (this.closed) return;
    this.messages.push(message.toString());
    this.heard(message.toString());
  }

  close(code: number, reason: string): void {
    this.closed ??= { code, reason };
    this.ended();
  }

  ping(): boolean {
    return this.answersPings;
  }
}

/** A client that listens, and pulls when it is told to. */
export class Listener {
  readonly socket = new FakeSocket();
  readonly puller: Puller;
  pokes = 0;
  pages = 0;
  dropped = 0;
  ready = false;
  problem: string | null = null;
  #events: SocketEvents;
  #work: Promise<void> = Promise.resolve();
  readonly #waiting = new Set<() => void>();

  constructor(sessions: LiveSessions, puller: Puller) {
    this.puller = puller;
    this.socket.heard = (message) => {
      this.#work = this.#work.then(() => this.#take(message));
    };
    this.socket.ended = () => this.#tick();
    this.#events = sessions.accept(this.socket);
  }

  hello(token: string, subscription?: Subscription): void {
    this.say({
      type: 'hello',
      protocolVersion: 1,
      schemaVersion: 1,
      token,
      clientId: this.puller.clientId,
      cursor: this.puller.replica.cursor,
      ...(this.puller.brief ? { brief: true } : {}),
      ...(subscription ? { subscription } : {}),
    });
  }

  say(message: object): void {
    this.#events.message(JSON.stringify(message));
  }

  raw(text: string): void {
    this.#events.message(text);
  }

  leave(): void {
    this.#events.closed();
  }

  /** Resolves when what came so far has been taken in. */
  async idle(): Promise<void> {
    await this.#work;
  }

  /** Resolves when the condition holds; it is looked at after each message. */
  async until(condition: () => boolean | Promise<boolean>, within = 10_000): Promise<void> {
    const end = Date.now() + within;
    while (!(await condition())) {
      if (Date.now() > end)
        throw new Error(`not within ${within} ms; closed: ${JSON.stringify(this.socket.closed)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 50);
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async #take(message: string): Promise<void> {
    if (message.startsWith('{"line":')) {
      this.pages += 1;
      if (!this.puller.replica.take(message.split('\n'))) {
        this.dropped += 1;
        await this.#catchUp();
      }
    } else {
      const down = liveDownSchema.parse(JSON.parse(message));
      if (down.type === 'ready') this.ready = true;
      if (down.type === 'problem') this.problem = down.problem.code;
      if (down.type === 'poke') {
        this.pokes += 1;
        await this.#catchUp();
      }
    }
    this.#tick();
  }

  async #catchUp(): Promise<void> {
    await this.puller.catchUp();
    this.say({ type: 'resume', cursor: this.puller.replica.cursor });
  }

  #tick(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
