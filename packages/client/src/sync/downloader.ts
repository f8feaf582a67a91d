import type { Clock } from '@satchel/core';
import { type ClientReport, PROTOCOL_VERSION, type Subscription } from '@satchel/protocol';
import type { PageTaken } from '../engine.ts';
import type { EnginePort } from '../engine-port.ts';
import { type Failure, failureOf } from './failure.ts';
import type { Transport } from './transport.ts';

/** Pages dropped in a row (another page moved the cursor meanwhile) before the rest waits for the next run. */
const MAX_DROPPED = 5;

export interface DownloaderGiven {
  readonly port: EnginePort;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly schemaVersion: number;
  readonly clientId: () => string;
  readonly subscription: () => Subscription | undefined;
  readonly clientReport: () => ClientReport;
  /** Asked before each page: false when the run is over or downloads are held back. */
  readonly mayGo: () => boolean;
  readonly took: (taken: PageTaken & { kind: 'taken' }) => void;
  /** A page, or word that there is none, came from the server. */
  readonly answered: (serverTime: number | null, latencyMs: number) => void;
}

/** Pulls page after page until the server has no more. */
export class Downloader {
  readonly #given: DownloaderGiven;

  constructor(given: DownloaderGiven) {
    this.#given = given;
  }

  /** Returns what stopped it, `null` when caught up. `asked` is called when a request is on its way. */
  async drain(signal: AbortSignal, asked: () => void): Promise<Failure | null> {
    const { port, transport, clock } = this.#given;
    let dropped = 0;
    let startedOver = false;
    while (this.#given.mayGo() && !signal.aborted) {
      const cursor = await port.call('cursor');
      const settled = await port.call('settledToAck');
      const subscription = this.#given.subscription();
      const askedAt = clock.now();
      let answer: Awaited<ReturnType<Transport['pull']>>;
      try {
        const pulled = transport.pull(
          {
            protocolVersion: PROTOCOL_VERSION,
            schemaVersion: this.#given.schemaVersion,
            clientId: this.#given.clientId(),
            cursor: cursor.token,
            client: this.#given.clientReport(),
            ...(subscription ? { subscription } : {}),
            ...(settled.length > 0 ? { settled } : {}),
          },
          cursor.digest,
          signal,
        );
        asked();
        answer = await pulled;
      } catch (error) {
        const failure = failureOf(error);
        if (failure.reaction !== 'start-over' || startedOver) return failure;
        startedOver = true;
        await port.call('forgetCursor');
        continue;
      }
      const head = answer.kind === 'page' ? answer.lines[0] : undefined;
      this.#given.answered(head?.line === 'head' ? head.serverTime : null, clock.now() - askedAt);
      if (settled.length > 0) await port.call('acked', settled);
      if (answer.kind === 'unchanged') return null;
      const taken = await port.call('takePage', answer.lines);
      if (taken.kind === 'not-from-here') {
        dropped += 1;
        if (dropped >= MAX_DROPPED) return null;
        continue;
      }
      dropped = 0;
      this.#given.took(taken);
      if (!taken.more) return null;
    }
    return null;
  }
}
