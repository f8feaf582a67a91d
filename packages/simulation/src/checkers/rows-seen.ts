import { ownScopes, TABLES } from '../app/description.ts';
import type { CommittedRow, PlainRow } from '../history.ts';

/** `storeId` for `store_id`. */
export const wordOf = (column: string): string =>
  column.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** A row of PostgreSQL under the app's words. */
export const inWords = (row: PlainRow): PlainRow =>
  Object.fromEntries(Object.entries(row).map(([column, value]) => [wordOf(column), value]));

/** The app's name of a table of PostgreSQL. Until version 3 visits were called calls. */
export const tableOf = (name: string): string => (name === 'calls' ? 'visits' : wordOf(name));

const setOf = (kept: Map<string, Set<string>>, name: string): Set<string> => {
  const known = kept.get(name) ?? new Set<string>();
  kept.set(name, known);
  return known;
};

/** All rows as committed, with rights; and who might ever see which row. */
export class RowsSeen {
  readonly #rows = new Map<string, Map<string, PlainRow>>();
  readonly #rights = new Map<string, Set<string>>();
  readonly #agents = new Map<string, Set<string>>();
  /** Users that a row was in a scope of, at some time; by key. */
  readonly #everSaw = new Map<string, Set<string>>();
  /** Scopes that a row was ever in; by key. */
  readonly #everIn = new Map<string, Set<string>>();
  readonly #users = new Set<string>();
  /** What was taken in, to be taken in again when the database goes back to an earlier commit. */
  #taken: { readonly order: number; readonly changes: readonly CommittedRow[] }[] = [];

  addUser(user: string): void {
    if (this.#users.has(user)) return;
    this.#users.add(user);
    this.#look();
  }

  row(table: string, key: string): PlainRow | undefined {
    return this.#rows.get(table)?.get(key);
  }

  /** Notes that the user has the row from himself. */
  wrote(user: string, key: string): void {
    setOf(this.#everSaw, key).add(user);
  }

  mightSee(user: string, key: string): boolean {
    return this.#everSaw.get(key)?.has(user) ?? false;
  }

  /**
   * Whether the user may hear that the row left a scope: he holds the scope now, and the
   * row was in it once. It may have come and gone while the right was taken from him.
   */
  mayHearItLeft(user: string, scope: string, key: string): boolean {
    return this.#held(user).has(scope) && (this.#everIn.get(key)?.has(scope) ?? false);
  }

  /** Whether a row of this key was ever committed, or written by a user. */
  isKnown(key: string): boolean {
    return this.#everSaw.has(key);
  }

  /** Whether the row is committed, and in no scope that the user holds now. */
  isOutOfSight(user: string, table: string, key: string): boolean {
    const row = this.row(table, key);
    if (row === undefined) return false;
    const held = this.#held(user);
    return !this.scopesOf(table, row).some((scope) => held.has(scope));
  }

  /** Takes a transaction in; `order` counts commits. */
  take(order: number, changes: readonly CommittedRow[]): void {
    this.#taken.push({ order, changes });
    this.#apply(changes);
    this.#look();
  }

  /** The database is as it was after the commit `survived`: rights that were taken since are there again. */
  restored(survived: number): void {
    this.#taken = this.#taken.filter(({ order }) => order <= survived);
    for (const kept of [this.#rows, this.#rights, this.#agents]) kept.clear();
    for (const { changes } of this.#taken) this.#apply(changes);
    this.#look();
  }

  #apply(changes: readonly CommittedRow[]): void {
    for (const change of changes) {
      if (!this.#takeRight(change)) this.#takeRow(change);
    }
  }

  /** The scopes of a row as it is. */
  scopesOf(table: string, row: PlainRow): string[] {
    return (TABLES[table]?.scopes ?? []).flatMap((words): string[] => {
      switch (words.kind) {
        case 'column': {
          const value = row[words.column];
          return value === null || value === undefined ? [] : [`${words.prefix}${String(value)}`];
        }
        case 'parent': {
          const parent = this.row(words.table, String(row[words.column]));
          return parent ? this.scopesOf(words.table, parent) : [];
        }
        case 'agents':
          return [...(this.#agents.get(String(row.id)) ?? [])].map((agent) => `agent:${agent}`);
        default:
          return ['all'];
      }
    });
  }

  #takeRight({ table, op, before, after }: CommittedRow): boolean {
    const image = op === 'delete' ? before : after;
    if (!image) return false;
    const row = inWords(image);
    const put = (kept: Map<string, Set<string>>, one: string, other: string): true => {
      const set = setOf(kept, one);
      if (op === 'delete') set.delete(other);
      else set.add(other);
      return true;
    };
    switch (table) {
      case 'grants':
        return put(this.#rights, String(row.userId), `store:${String(row.storeId)}`);
      case 'region_rights':
        return put(this.#rights, String(row.userId), `region:${String(row.region)}`);
      case 'farm_agents':
        return put(this.#agents, String(row.farmId), String(row.agentId));
      default:
        return false;
    }
  }

  #takeRow({ table, op, before, after }: CommittedRow): void {
    const name = tableOf(table);
    const rows = this.#rows.get(name) ?? new Map<string, PlainRow>();
    this.#rows.set(name, rows);
    if (before) rows.delete(String(before.id));
    if (op !== 'delete' && after) rows.set(String(after.id), inWords(after));
  }

  #look(): void {
    const scopes = [...this.#users].map((user) => [user, this.#held(user)] as const);
    for (const [table, rows] of this.#rows) {
      for (const [key, row] of rows) {
        // Alerts were for everybody until version 3.
        const of = table === 'alerts' ? [...this.scopesOf(table, row), 'all'] : this.scopesOf(table, row);
        const saw = setOf(this.#everSaw, key);
        for (const [user, held] of scopes) if (of.some((scope) => held.has(scope))) saw.add(user);
        const wasIn = setOf(this.#everIn, key);
        for (const scope of of) wasIn.add(scope);
      }
    }
  }

  #held(user: string): ReadonlySet<string> {
    return new Set([...ownScopes(user), ...(this.#rights.get(user) ?? [])]);
  }
}
