import {
  type Clock,
  type ConnectionEffect,
  type ConnectionEvent,
  nextDelay,
  type Random,
  type Scheduler,
  STOPPED,
  type Timer,
  transitionConnection,
} from '@satchel/core';
import { type PageLine, PROTOCOL_VERSION, type Subscription, unreachable } from '@satchel/protocol';
import type { EnginePort } from '../engine-port.ts';
import { needsNewToken } from './failure.ts';
import type { LiveConnection, Transport } from './transport.ts';

export interface LiveGiven {
  readonly port: EnginePort;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly schemaVersion: number;
  readonly clientId: () => string;
  readonly subscription: () => Subscription | undefined;
  /** A page came; resolves to false when it did not start from the stored cursor. */
  readonly page: (lines: readonly PageLine[]) => Promise<boolean>;
  /** Something is new, or may have been missed: pull. */
  readonly behind: (why: 'poke' | 'gap') => void;
  readonly connected: () => void;
  readonly lost: (code: string) => void;
}

const BACKOFF = { attempts: Number.POSITIVE_INFINITY, firstDelay: 500, maxDelay: 60_000 } as const;

/**
 * Keeps one live connection open while it is wanted, and takes its pages in one
 * after the other. What it misses, a pull brings: it never has to be complete. The
 * decisions are `transitionConnection`'s; here they are carried out.
 */
export class LiveSession {
  readonly #given: LiveGiven;
  #state = STOPPED;
  #connection: LiveConnection | null = null;
  #timer: Timer | null = null;
  #pages: Promise<void> = Promise.resolve();
  #token = '';
  /** Rises with each connection, so that a word from an old one is not taken for the new one's. */
  #round = 0;

  constructor(given: LiveGiven) {
    this.#given = given;
  }

  get connected(): boolean {
    return this.#state.kind === 'live';
  }

  start(): void {
    this.#on('start');
  }

  stop(): void {
    this.#on('stop');
  }

  network(online: boolean): void {
    this.#on(online ? 'network-regained' : 'network-lost');
  }

  token(token: string): void {
    this.#token = token;
    this.#on('token-changed');
  }

  /** Tells the server where the client now is, after a pull. */
  resume(cursor: string): void {
    if (this.connected) this.#connection?.resume(cursor);
  }

  #on(event: ConnectionEvent): void {
    const { state, effects } = transitionConnection(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: ConnectionEffect): void {
    switch (effect) {
      case 'open':
        this.#open();
        return;
      case 'close': {
        this.#round += 1;
        this.#connection?.close();
        this.#connection = null;
        return;
      }
      case 'hello':
      case 'ask-token':
        // The transport says hello with a fresh token; the app hears of a missing one through `lost`.
        return;
      case 'wait': {
        this.#connection = null;
        const delay = nextDelay(this.#state.attempt, BACKOFF, this.#given.random);
        this.#timer = this.#given.scheduler.after(delay, () => this.#on('timer'));
        return;
      }
      case 'cancel-wait':
        this.#timer?.cancel();
        this.#timer = null;
        return;
      case 'send-token':
        this.#connection?.token(this.#token);
        return;
      case 'pull':
        this.#given.behind('gap');
        return;
      default:
        unreachable(effect);
    }
  }

  #open(): void {
    this.#round += 1;
    const round = this.#round;
    this.#given.port.call('cursor').then(
      ({ token }) => {
        if (round === this.#round) this.#connection = this.#connect(round, token);
      },
      () => {
        // The database was closed: nothing to connect for.
      },
    );
  }

  #connect(round: number, cursor: string | null): LiveConnection {
    const subscription = this.#given.subscription();
    const mine = (): boolean => round === this.#round;
    return this.#given.transport.live({
      hello: {
        protocolVersion: PROTOCOL_VERSION,
        schemaVersion: this.#given.schemaVersion,
        clientId: this.#given.clientId(),
        cursor,
        brief: true,
        ...(subscription ? { subscription } : {}),
      },
      opened: () => {
        if (mine()) this.#on('opened');
      },
      ready: () => {
        if (!mine()) return;
        this.#on('ready');
        this.#given.connected();
      },
      page: (lines) => {
        if (mine()) this.#take(round, lines);
      },
      poke: () => {
        if (mine()) this.#given.behind('poke');
      },
      closed: (code) => {
        if (!mine()) return;
        this.#round += 1;
        this.#connection = null;
        this.#on(eventOf(code));
        this.#given.lost(code);
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
}

const REFUSALS = new Set([
  'client_revoked',
  'protocol_too_old',
  'protocol_too_new',
  'schema_ahead',
  'schema_unknown',
]);

const eventOf = (code: string): ConnectionEvent => {
  if (needsNewToken(code)) return 'auth-failed';
  if (REFUSALS.has(code)) return 'refused';
  return code === 'server_busy' ? 'behind' : 'lost';
};
