import { type Clock, nextDelay, type Random, type Scheduler, type Timer } from '@satchel/core';
import { type PageLine, PROTOCOL_VERSION, type Subscription } from '@satchel/protocol';
import type { EnginePort } from '../engine-port.ts';
import type { LiveConnection, Transport } from './transport.ts';

export interface LiveGiven {
  readonly port: EnginePort;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly schemaVersion: number;
  readonly clientId: string;
  readonly subscription: () => Subscription | undefined;
  /** A page came; resolves to false when it did not start from the stored cursor. */
  readonly page: (lines: readonly PageLine[]) => Promise<boolean>;
  /** Something is new, or was missed: pull. */
  readonly behind: (why: 'poke' | 'gap') => void;
  readonly connected: () => void;
  readonly lost: (code: string) => void;
}

const BACKOFF = { attempts: Number.POSITIVE_INFINITY, firstDelay: 500, maxDelay: 60_000 } as const;

/**
 * Keeps one live connection open while it is wanted, and takes its pages in one
 * after the other. What it misses, a pull brings: it never has to be complete.
 */
export class LiveSession {
  readonly #given: LiveGiven;
  #wanted = false;
  #connection: LiveConnection | null = null;
  #opening = false;
  #ready = false;
  #attempt = 0;
  #timer: Timer | null = null;
  #pages: Promise<void> = Promise.resolve();
  /** Rises with each connection, so that a word from an old one is not taken for the new one's. */
  #round = 0;

  constructor(given: LiveGiven) {
    this.#given = given;
  }

  get connected(): boolean {
    return this.#ready;
  }

  want(wanted: boolean): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) this.#open();
    else this.#drop();
  }

  /** Connects at once instead of after the back-off: the network is back. */
  hurry(): void {
    this.#attempt = 0;
    if (this.#wanted && !this.#connection && !this.#opening) {
      this.#timer?.cancel();
      this.#open();
    }
  }

  /** Tells the server where the client now is, after a pull. */
  resume(cursor: string): void {
    if (this.#ready) this.#connection?.resume(cursor);
  }

  token(token: string): void {
    if (this.#ready) this.#connection?.token(token);
  }

  #drop(): void {
    this.#round += 1;
    this.#timer?.cancel();
    this.#timer = null;
    this.#ready = false;
    this.#connection?.close();
    this.#connection = null;
    this.#opening = false;
  }

  #open(): void {
    this.#round += 1;
    const round = this.#round;
    this.#opening = true;
    this.#given.port.call('cursor').then(
      ({ token }) => {
        if (round !== this.#round) return;
        this.#opening = false;
        this.#connection = this.#connect(round, token);
      },
      () => {
        // The database was closed: nothing to connect for.
        this.#opening = false;
      },
    );
  }

  #connect(round: number, cursor: string | null): LiveConnection {
    const subscription = this.#given.subscription();
    return this.#given.transport.live({
      hello: {
        protocolVersion: PROTOCOL_VERSION,
        schemaVersion: this.#given.schemaVersion,
        clientId: this.#given.clientId,
        cursor,
        ...(subscription ? { subscription } : {}),
      },
      ready: () => {
        if (round !== this.#round) return;
        this.#ready = true;
        this.#attempt = 0;
        this.#given.connected();
      },
      page: (lines) => {
        if (round === this.#round) this.#take(round, lines);
      },
      poke: () => {
        if (round === this.#round) this.#given.behind('poke');
      },
      closed: (code) => {
        if (round !== this.#round) return;
        this.#connection = null;
        this.#ready = false;
        this.#given.lost(code);
        if (this.#wanted && round === this.#round) this.#again();
      },
    });
  }

  #take(round: number, lines: readonly PageLine[]): void {
    this.#pages = this.#pages.then(async () => {
      if (round !== this.#round) return;
      const taken = await this.#given.page(lines);
      if (!taken && round === this.#round) this.#given.behind('gap');
    });
  }

  #again(): void {
    this.#attempt += 1;
    const delay = nextDelay(this.#attempt, BACKOFF, this.#given.random);
    this.#timer = this.#given.scheduler.after(delay, () => this.#open());
  }
}
