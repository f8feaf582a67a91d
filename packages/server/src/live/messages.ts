import { MAX_LIVE_PAGE_BYTES, type Outcome, type ScopeLine } from '@satchel/protocol';
import { headLine, outcomesLines, scopeLine, tailLine } from '../pull/line-text.ts';
import { type Origin, positionToCursor } from '../pull/position.ts';
import { shownOutcome } from '../pull/shown-outcome.ts';
import { cursorToToken, digestOfToken } from '../pull/token.ts';
import type { Audience } from './audience.ts';
import type { News } from './news.ts';
import type { LiveSession } from './session.ts';

/** The page of a session, or `too-large` where it must pull. */
export type Message = { readonly bytes: Buffer; readonly digest: string } | 'too-large';

/**
 * Makes the pages of one round for one audience. Body and cursor are made once; the
 * whole message too for all who come from the same cursor and have nothing of their own.
 */
export class Messages {
  readonly #audience: Audience;
  readonly #body: string;
  readonly #origin: Origin;
  readonly #token: string;
  readonly #digest: string;
  readonly #shared = new Map<string, Message>();

  constructor(audience: Audience, news: News, snapshot: string, origin: Origin) {
    this.#audience = audience;
    this.#origin = origin;
    this.#body = bodyOf(audience, news);
    this.#token = cursorToToken(
      positionToCursor(
        {
          view: audience.view.hashes,
          outcomes: snapshot,
          scopes: new Map(audience.scopes.map((scope) => [scope, { s: snapshot }])),
        },
        origin,
      ),
    );
    this.#digest = digestOfToken(this.#token);
  }

  /** Whether there is anything for everybody of the audience. */
  get isEmpty(): boolean {
    return this.#body === '';
  }

  /** `left`: scopes that are no longer the session's; they come first. */
  for(session: LiveSession, left: readonly ScopeLine[], outcomes: readonly Outcome[]): Message {
    if (left.length > 0 || outcomes.length > 0) return this.#make(session, left, outcomes);
    let message = this.#shared.get(session.digest);
    if (!message) {
      message = this.#make(session, left, outcomes);
      this.#shared.set(session.digest, message);
    }
    return message;
  }

  #make(session: LiveSession, left: readonly ScopeLine[], outcomes: readonly Outcome[]): Message {
    const { view } = this.#audience;
    const lines = [
      headLine({
        from: session.digest,
        epoch: this.#origin.epoch,
        serverTime: this.#origin.at,
        schemaVersion: view.version,
        offer: false,
        mode: 'delta',
      }),
      ...left.map(scopeLine),
      ...outcomesLines(outcomes.map((outcome) => shownOutcome(outcome, view))),
      ...(this.#body === '' ? [] : [this.#body]),
      tailLine({ cursor: this.#token, checkpoint: true, more: false }),
    ];
    const bytes = Buffer.from(lines.join('\n'));
    return bytes.length > MAX_LIVE_PAGE_BYTES ? 'too-large' : { bytes, digest: this.#digest };
  }
}

const bodyOf = ({ scopes, view }: Audience, news: News): string => {
  const lines: string[] = [];
  const touched = scopes.filter((scope) => news.changed.has(scope));
  for (const tableId of touched.length > 0 ? view.order : []) {
    const table = view.tables.get(tableId)!;
    for (const scope of touched) {
      const text = news.lines(table, scope);
      if (text !== undefined) lines.push(text);
    }
  }
  return lines.join('\n');
};
