import { canonicalJson } from '@satchel/core';
import type { Values } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import { keyOfAddress, type RowAddress, tableOf } from './row-address.ts';

/** Which rows have which values in the unique columns of their tables. */
export class UniqueIndex {
  readonly #app: App;
  readonly #keys = new Map<string, Set<string>>();

  constructor(app: App) {
    this.#app = app;
  }

  /** Keys of the rows of a table that have the same values in these columns. */
  keys(table: string, columns: readonly string[], values: Values): Iterable<string> {
    const entry = entryOf(table, columns, values);
    return entry === undefined ? [] : (this.#keys.get(entry) ?? []);
  }

  replace(address: RowAddress, before: Values | null, after: Values | null): void {
    const table = this.#app.tables[tableOf(address)];
    const key = keyOfAddress(address);
    for (const columns of table?.unique ?? []) {
      const old = before && entryOf(tableOf(address), columns, before);
      const now = after && entryOf(tableOf(address), columns, after);
      if (old === now) continue;
      if (old) this.#keys.get(old)?.delete(key);
      if (!now) continue;
      const keys = this.#keys.get(now);
      if (keys) keys.add(key);
      else this.#keys.set(now, new Set([key]));
    }
  }
}

/** The values of unique columns in one text; `undefined` with a null, which clashes with nothing. */
export const uniqueText = (columns: readonly string[], values: Values): string | undefined => {
  const found = columns.map((name) => values[name] ?? null);
  return found.includes(null) ? undefined : canonicalJson(found);
};

const entryOf = (table: string, columns: readonly string[], values: Values): string | undefined => {
  const text = uniqueText(columns, values);
  return text === undefined ? undefined : `${table}\n${columns.join(' ')}\n${text}`;
};
