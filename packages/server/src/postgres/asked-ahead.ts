import type { Queryable, QueryResult, Transaction } from './database.ts';

/**
 * Statements of a snapshot that were sent before it was known that they are needed, along
 * with the one that tells it. Whoever asks the same of the same snapshot has their answer,
 * since it can be no other; everything else is asked as it would have been.
 *
 * @example
 * ```ts
 * const asked = new AskedAhead(tx);
 * const [moment] = await together([currentPosition(ctx, tx), entriesSince(asked.ahead, ...guess)]);
 * const entries = await entriesSince(asked, ...known); // no round trip where the guess was right
 * ```
 */
export class AskedAhead implements Transaction {
  readonly #tx: Transaction;
  readonly #answers = new Map<string, Promise<QueryResult<unknown>>>();

  constructor(tx: Transaction) {
    this.#tx = tx;
  }

  /** Asks and remembers; statements that read and have a name. */
  readonly ahead: Queryable = {
    query: <R>(text: string, parameters?: readonly unknown[], name?: string) => {
      const answer = this.#tx.query<R>(text, parameters, name);
      this.#answers.set(keyOf(text, parameters, name), answer);
      return answer;
    },
  };

  query<R>(text: string, parameters?: readonly unknown[], name?: string): Promise<QueryResult<R>> {
    const known = this.#answers.size > 0 && this.#answers.get(keyOf(text, parameters, name));
    return known ? (known as Promise<QueryResult<R>>) : this.#tx.query(text, parameters, name);
  }

  savepoint<T>(work: () => Promise<T>): Promise<T> {
    return this.#tx.savepoint(work);
  }
}

const keyOf = (text: string, parameters: readonly unknown[] = [], name: string = text): string =>
  `${name} ${JSON.stringify(parameters)}`;
