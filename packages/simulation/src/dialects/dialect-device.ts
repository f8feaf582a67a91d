import { invariant, type Json } from '@satchel/protocol';
import type { TableName } from './dialect-app.ts';
import type { Edit, FieldDevice, Fields, ShownRow, Weather } from './field-device.ts';

/** An exchange that did not come back. */
export class Lost extends Error {}

/** One edit as it waits on the device: the message is made when the edit is, and never changes. */
export interface Waiting {
  readonly edit: Edit;
  readonly message: Json;
  /** Answered, but not yet pulled: still laid over what was pulled. */
  answered: boolean;
}

export interface Pulled {
  readonly rows: readonly {
    readonly table: TableName;
    readonly key: string;
    readonly fields: Fields | null;
  }[];
  /** Whatever is not among them is gone. */
  readonly isWhole: boolean;
  readonly more: boolean;
}

/** What became of a message. `key`: the server keeps the row under another one. */
export type Told =
  | { readonly kind: 'taken'; readonly key: string }
  | { readonly kind: 'lost' }
  | { readonly kind: 'refused'; readonly why: string };

const address = (table: TableName, key: string): string => `${table}\n${key}`;

/**
 * A device as the documents describe one: rows as they were pulled, a queue of edits
 * each with its message, sent in order; an edit lies over the rows until it was pulled.
 */
export abstract class DialectDevice implements FieldDevice {
  readonly name: string;
  readonly #base = new Map<
    string,
    { readonly table: TableName; readonly key: string; readonly fields: Fields }
  >();
  #queue: Waiting[] = [];
  readonly #refused: string[] = [];
  #wholeCopy: Set<string> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** The message of an edit; `shown` is the row as the person saw it. */
  protected abstract messageOf(edit: Edit, shown: Fields | undefined): Json;
  protected abstract send(messages: readonly Json[], weather: Weather): Promise<readonly Told[]>;
  /** One page; what it says is remembered by `taken` alone. */
  protected abstract fetch(weather: Weather): Promise<{ readonly page: Pulled; readonly taken: () => void }>;
  /** Messages that may go in one request. */
  protected abstract batch(waiting: readonly Waiting[]): readonly Waiting[];
  /** The message under the key that the server gave. */
  protected abstract renamed(message: Json, table: TableName, from: string, to: string): Json;

  async save(edits: readonly Edit[]): Promise<void> {
    for (const edit of edits) {
      const shown = this.#shown().get(address(edit.table, edit.key))?.fields;
      this.#queue.push({ edit, message: this.messageOf(edit, shown), answered: false });
    }
  }

  async push(weather: Weather): Promise<void> {
    for (;;) {
      const open = this.#queue.filter(({ answered }) => !answered);
      if (open.length === 0) return;
      const batch = this.batch(open);
      let told: readonly Told[];
      try {
        told = await this.send(
          batch.map(({ message }) => message),
          weather,
        );
      } catch (error) {
        if (error instanceof Lost) return;
        throw error;
      }
      invariant(told.length === batch.length, 'each message is answered');
      for (const [at, waiting] of batch.entries()) this.#answer(waiting, told[at]!);
      if (weather !== 'fair') return;
    }
  }

  #answer(waiting: Waiting, told: Told): void {
    switch (told.kind) {
      case 'taken':
        waiting.answered = true;
        if (told.key !== waiting.edit.key) this.#rename(waiting.edit.table, waiting.edit.key, told.key);
        return;
      case 'lost':
        // The server decided; what it has comes with the next pull.
        this.#queue = this.#queue.filter((one) => one !== waiting);
        return;
      case 'refused':
        this.#refused.push(JSON.stringify(waiting.message), told.why);
        this.#queue = this.#queue.filter((one) => one !== waiting);
        return;
    }
  }

  #rename(table: TableName, from: string, to: string): void {
    this.#queue = this.#queue.map((waiting) => {
      const { edit } = waiting;
      const references = edit.kind !== 'delete' && table === 'notes' && edit.fields.noteId === from;
      const isOwn = edit.table === table && edit.key === from;
      if (!isOwn && !references) return waiting;
      const key = isOwn ? to : edit.key;
      const next: Edit =
        edit.kind === 'delete'
          ? { ...edit, key }
          : { ...edit, key, fields: references ? { ...edit.fields, noteId: to } : edit.fields };
      return {
        ...waiting,
        edit: next,
        message: waiting.answered ? waiting.message : this.renamed(waiting.message, table, from, to),
      };
    });
  }

  async pull(weather: Weather): Promise<void> {
    for (;;) {
      const before = this.#queue.filter(({ answered }) => answered);
      let page: Pulled;
      try {
        const fetched = await this.fetch(weather);
        page = fetched.page;
        fetched.taken();
      } catch (error) {
        if (error instanceof Lost) return;
        throw error;
      }
      this.#take(page);
      if (!page.more) {
        this.#queue = this.#queue.filter((waiting) => !before.includes(waiting));
        return;
      }
    }
  }

  #take({ rows, isWhole, more }: Pulled): void {
    if (isWhole) this.#wholeCopy ??= new Set();
    for (const { table, key, fields } of rows) {
      const at = address(table, key);
      if (fields === null) this.#base.delete(at);
      else this.#base.set(at, { table, key, fields });
      this.#wholeCopy?.add(at);
    }
    if (more || this.#wholeCopy === undefined) return;
    for (const at of this.#base.keys()) if (!this.#wholeCopy.has(at)) this.#base.delete(at);
    this.#wholeCopy = undefined;
  }

  #shown(): Map<string, ShownRow> {
    const shown = new Map<string, ShownRow>(this.#base);
    for (const { edit } of this.#queue) {
      const at = address(edit.table, edit.key);
      if (edit.kind === 'delete') shown.delete(at);
      else
        shown.set(at, {
          table: edit.table,
          key: edit.key,
          fields: { ...shown.get(at)?.fields, ...edit.fields },
        });
    }
    return shown;
  }

  async rows(): Promise<readonly ShownRow[]> {
    return [...this.#shown().values()];
  }

  async waiting(): Promise<number> {
    return this.#queue.filter(({ answered }) => !answered).length;
  }

  refused(): readonly string[] {
    return this.#refused;
  }

  async close(): Promise<void> {}
}
