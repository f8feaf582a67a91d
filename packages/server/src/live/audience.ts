import type { ReaderView } from '../pull/reader-view.ts';
import type { LiveSession } from './session.ts';

/**
 * Sessions that hold the same scopes with the same view: they stand at the same cursor
 * and get the same bytes.
 */
export interface Audience {
  readonly scopes: readonly string[];
  readonly view: ReaderView;
  readonly sessions: Set<LiveSession>;
}

/** Audiences by what they see. An audience without sessions does not stay. */
export class Audiences {
  readonly #audiences = new Map<string, Audience>();
  readonly #numbers = new WeakMap<ReaderView, number>();
  #lastNumber = 0;

  add(session: LiveSession, scopes: readonly string[], view: ReaderView): Audience {
    const name = `${this.#numberOf(view)} ${scopes.join('\n')}`;
    let audience = this.#audiences.get(name);
    if (!audience) {
      audience = { scopes, view, sessions: new Set() };
      this.#audiences.set(name, audience);
    }
    audience.sessions.add(session);
    return audience;
  }

  /** Forgets audiences that have lost their last session. */
  tidy(): void {
    for (const [name, { sessions }] of this.#audiences) if (sessions.size === 0) this.#audiences.delete(name);
  }

  get all(): readonly Audience[] {
    return [...this.#audiences.values()].filter(({ sessions }) => sessions.size > 0);
  }

  #numberOf(view: ReaderView): number {
    let number = this.#numbers.get(view);
    if (number === undefined) {
      this.#lastNumber += 1;
      number = this.#lastNumber;
      this.#numbers.set(view, number);
    }
    return number;
  }
}
