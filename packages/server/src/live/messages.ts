import {
  encodePlace,
  MAX_LIVE_PAGE_BYTES,
  type Outcome,
  type ScopeLine,
  STEP_DIGEST_LENGTH,
  tokenAt,
} from '@satchel/protocol';
import { headLine, outcomesLines, scopeLine, stepLine, tailLine } from '../pull/line-text.ts';
import { type Origin, positionToCursor } from '../pull/position.ts';
import { shownOutcome } from '../pull/shown-outcome.ts';
import { cursorToToken, digestOfToken } from '../pull/token.ts';
import type { Audience } from './audience.ts';
import type { News, Taker } from './news.ts';
import type { LiveSession } from './session.ts';

export interface Page {
  readonly bytes: Buffer;
  /** Of the cursor that it brings its session to. */
  readonly digest: string;
  /** The token of the last whole page, which that cursor is made of. */
  readonly stem: string;
}

/** The page of a session, or `too-large` where it must pull. */
export type Message = Page | 'too-large';

/**
 * Makes the pages of one round for one audience. Body and cursor are made once; the
 * whole message too for all who come from the same cursor and have nothing of their own.
 */
export class Messages {
  readonly #audience: Audience;
  readonly #news: News;
  readonly #origin: Origin;
  readonly #token: string;
  readonly #place: string;
  readonly #bodies = new Map<string, string>();
  readonly #shared = new Map<string, Message>();

  constructor(audience: Audience, news: News, snapshot: string, origin: Origin) {
    this.#audience = audience;
    this.#news = news;
    this.#origin = origin;
    const cursor = positionToCursor(
      {
        view: audience.view.hashes,
        outcomes: snapshot,
        scopes: new Map(audience.scopes.map((scope) => [scope, { s: snapshot }])),
      },
      origin,
    );
    this.#token = cursorToToken(cursor);
    this.#place = encodePlace(cursor);
  }

  /** Whether there is anything for everybody of the audience. */
  get isEmpty(): boolean {
    return this.#body('brief') === '';
  }

  /** `left`: scopes that are no longer the session's; they come first. `whole`: the cursor is to be made anew. */
  for(
    session: LiveSession,
    left: readonly ScopeLine[],
    outcomes: readonly Outcome[],
    whole: boolean,
  ): Message {
    const taker = this.#news.takerOf(session);
    const isShared = left.length === 0 && outcomes.length === 0 && typeof taker === 'string' && !whole;
    if (!isShared) return this.#make(session, taker, left, outcomes, whole);
    // The digest tells the stem as well: it is that of a token which is made of it.
    const name = `${session.digest} ${session.stem === null} ${taker}`;
    let message = this.#shared.get(name);
    if (!message) {
      message = this.#make(session, taker, left, outcomes, whole);
      this.#shared.set(name, message);
    }
    return message;
  }

  #make(
    session: LiveSession,
    taker: Taker,
    left: readonly ScopeLine[],
    outcomes: readonly Outcome[],
    whole: boolean,
  ): Message {
    const { view } = this.#audience;
    const body = this.#body(taker);
    const lines = [
      ...left.map(scopeLine),
      ...outcomesLines(outcomes.map((outcome) => shownOutcome(outcome, view))),
      ...(body === '' ? [] : [body]),
    ];
    const isStep = taker !== 'whole' && session.stem !== null && left.length === 0 && !whole;
    const stem = isStep ? session.stem! : this.#token;
    const token = isStep ? tokenAt(stem, this.#place) : this.#token;
    const text = (isStep ? [this.#step(session), ...lines] : this.#framed(session, lines)).join('\n');
    const bytes = Buffer.from(text);
    return bytes.length > MAX_LIVE_PAGE_BYTES ? 'too-large' : { bytes, digest: digestOfToken(token), stem };
  }

  #step({ digest }: LiveSession): string {
    return stepLine({
      from: digest.slice(0, STEP_DIGEST_LENGTH),
      serverTime: this.#origin.at,
      at: this.#place,
    });
  }

  #framed({ digest }: LiveSession, lines: readonly string[]): readonly string[] {
    return [
      headLine({
        from: digest,
        epoch: this.#origin.epoch,
        serverTime: this.#origin.at,
        schemaVersion: this.#audience.view.version,
        offer: false,
        mode: 'delta',
      }),
      ...lines,
      tailLine({ cursor: this.#token, checkpoint: true, more: false }),
    ];
  }

  #body(taker: Taker): string {
    const name = typeof taker === 'string' ? taker : taker.writer;
    let body = this.#bodies.get(name);
    if (body === undefined) {
      body = bodyOf(this.#audience, this.#news, taker);
      this.#bodies.set(name, body);
    }
    return body;
  }
}

const bodyOf = ({ scopes, view }: Audience, news: News, taker: Taker): string => {
  const lines: string[] = [];
  const touched = scopes.filter((scope) => news.changed.has(scope));
  for (const tableId of touched.length > 0 ? view.order : []) {
    const table = view.tables.get(tableId)!;
    for (const scope of touched) lines.push(...news.lines(table, scope, taker));
  }
  return lines.join('\n');
};
