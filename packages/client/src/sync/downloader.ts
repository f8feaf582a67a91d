import type { Clock } from '@satchel/core';
import {
  type ClientReport,
  type PageLine,
  PROTOCOL_VERSION,
  type SeqRanges,
  type Subscription,
} from '@satchel/protocol';
import type { PageTaken } from '../engine.ts';
import type { EnginePort } from '../engine-port.ts';
import { type Failure, failureOf } from './failure.ts';
import type { PullAnswer, Transport } from './transport.ts';

/** Rows of the first page; later ones grow while the road carries a page in less than a second. */
const FIRST_PAGE_ROWS = 1_000;
/**
 * Measured: pages of 5,000 halve the time of a first copy against pages of 1,000; larger ones bring no
 * more. The next page is asked for while one arrives, so that 4,000 are as quick as 8,000, for half the memory.
 */
const LARGEST_PAGE_ROWS = 4_000;
const SMALLEST_PAGE_ROWS = 250;
const QUICK_MS = 1_000;
const SLOW_MS = 5_000;

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

/** A pull that is on its way. */
interface Asked {
  readonly cursor: string | null;
  readonly answered: Promise<Answered>;
  /** Resolves when nothing more of the request is to be done here. */
  readonly underWay: Promise<void>;
  /** Calls back once with the cursor of the page after it, which may be known before its page is there. */
  readonly whenNext: (heard: (cursor: string) => void) => void;
  readonly settled: readonly SeqRanges[];
  readonly subscription: Subscription | undefined;
  readonly whole: boolean;
}

interface Answered {
  readonly answer: PullAnswer;
  /** Milliseconds until the answer was there, however long it then waited. */
  readonly latency: number;
}

/** The cursor of the page after this one; `null` when there is none. */
const nextCursor = (lines: readonly PageLine[]): string | null => {
  const tail = lines.at(-1);
  return tail?.line === 'tail' && tail.more ? tail.cursor : null;
};

/** Pulls page after page until the server has no more. */
export class Downloader {
  readonly #given: DownloaderGiven;
  #pageRows = FIRST_PAGE_ROWS;
  #fromScratch = false;
  /** Rows are to come whole: what was told in brief did not fit what is held. */
  #whole = false;

  constructor(given: DownloaderGiven) {
    this.#given = given;
  }

  /** The next page asked for has whole rows. */
  askWhole(): void {
    this.#whole = true;
  }

  /** The next page asked for is the first of everything; what is held stays until it is replaced. */
  startOver(): void {
    this.#fromScratch = true;
  }

  /**
   * Returns what stopped it, `null` when caught up. `asked` is called when a request is
   * on its way.
   *
   * While a page arrives and is taken in, the one after it is on its way: its cursor is
   * that of the page's tail, and stands in the head of the answer where that is short.
   * One page alone is asked for ahead; it is dropped when the page before it could not
   * be taken in.
   */
  async drain(signal: AbortSignal, asked: () => void): Promise<Failure | null> {
    const { port } = this.#given;
    let dropped = 0;
    let startedOver = false;
    const line: { ahead: Asked | null } = { ahead: null };
    const aheadNow = (): Asked | null => line.ahead;
    const askAhead = (cursor: string): void => {
      if (this.#given.mayGo() && !signal.aborted)
        line.ahead = this.#request({ token: cursor, digest: null }, [], signal);
    };
    while (this.#given.mayGo() && !signal.aborted) {
      if (this.#fromScratch) {
        this.#fromScratch = false;
        line.ahead = null;
        await port.call('forgetCursor');
      }
      const { ahead } = line;
      const asking: Asked =
        ahead !== null && ahead.subscription === this.#given.subscription() ? ahead : await this.#ask(signal);
      line.ahead = null;
      asking.whenNext(askAhead);
      asked();
      let answered: Answered;
      try {
        answered = await asking.answered;
      } catch (error) {
        line.ahead = null;
        const failure = failureOf(error);
        if (failure.reaction === 'smaller') this.#adapt(Number.POSITIVE_INFINITY, 0);
        if (failure.reaction !== 'start-over' || startedOver) return failure;
        startedOver = true;
        await port.call('forgetCursor');
        continue;
      }
      const { answer, latency } = answered;
      const { settled } = asking;
      const head = answer.kind === 'page' ? answer.lines[0] : undefined;
      this.#given.answered(head?.line === 'head' ? head.serverTime : null, latency);
      if (settled.length > 0) await port.call('acked', settled);
      if (answer.kind === 'unchanged') {
        const tables = await port.call('takeUnchanged');
        if (tables.length > 0)
          this.#given.took({ kind: 'taken', tables, checkpoint: true, more: false, rows: 0, quarantined: 0 });
        return null;
      }
      const next = this.#given.mayGo() ? nextCursor(answer.lines) : null;
      if (aheadNow()?.cursor !== next) line.ahead = null;
      if (next !== null && line.ahead === null) askAhead(next);
      await aheadNow()?.underWay;
      const taken = await port.call('takePage', answer.lines);
      if (taken.kind !== 'taken') {
        if (taken.kind === 'not-held-so') this.askWhole();
        line.ahead = null;
        dropped += 1;
        if (dropped >= MAX_DROPPED) return null;
        continue;
      }
      dropped = 0;
      if (asking.whole) this.#whole = false;
      this.#given.took(taken);
      this.#adapt(latency, taken.rows);
      if (!taken.more) return null;
    }
    return null;
  }

  async #ask(signal: AbortSignal): Promise<Asked> {
    const { port } = this.#given;
    const cursor = await port.call('cursor');
    return this.#request(cursor, await port.call('settledToAck'), signal);
  }

  #request(
    cursor: { readonly token: string | null; readonly digest: string | null },
    settled: readonly SeqRanges[],
    signal: AbortSignal,
  ): Asked {
    const { clock, transport } = this.#given;
    const subscription = this.#given.subscription();
    const whole = this.#whole;
    const askedAt = clock.now();
    let sent = (): void => {};
    const isSent = new Promise<void>((done) => {
      sent = done;
    });
    let next: string | null = null;
    let heard: ((cursor: string) => void) | null = null;
    const answered = transport
      .pull(
        {
          protocolVersion: PROTOCOL_VERSION,
          schemaVersion: this.#given.schemaVersion,
          clientId: this.#given.clientId(),
          cursor: cursor.token,
          pageRows: this.#pageRows,
          ...(whole ? {} : { brief: true }),
          client: this.#given.clientReport(),
          ...(subscription ? { subscription } : {}),
          ...(settled.length > 0 ? { settled: [...settled] } : {}),
        },
        cursor.digest,
        signal,
        sent,
        (known) => {
          next = known;
          heard?.(known);
        },
      )
      .then((answer) => ({ answer, latency: clock.now() - askedAt }));
    // One that nobody waits for any more may fail unheard.
    const ended = answered.then(
      () => undefined,
      () => undefined,
    );
    return {
      cursor: cursor.token,
      answered,
      underWay: Promise.race([isSent, ended]),
      whenNext: (now) => {
        heard = now;
        if (next !== null) now(next);
      },
      settled,
      subscription,
      whole,
    };
  }

  /** Larger pages on a quick road, smaller ones on a slow one: a cut costs at most a page. */
  #adapt(latencyMs: number, rows: number): void {
    if (latencyMs > SLOW_MS) this.#pageRows = Math.max(SMALLEST_PAGE_ROWS, Math.floor(this.#pageRows / 2));
    else if (latencyMs < QUICK_MS && rows >= this.#pageRows)
      this.#pageRows = Math.min(LARGEST_PAGE_ROWS, this.#pageRows * 2);
  }
}
