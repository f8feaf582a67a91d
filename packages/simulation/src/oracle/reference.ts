import type { Cell, Cells } from './cells.ts';
import { type Gravity, judge, type LastWriter, type ReferenceRow, type Ruling } from './judge.ts';
import { type OracleChange, type OracleTable, type OracleWrite, type Receipt, rowNameOf } from './model.ts';

const GRAVITY: readonly Gravity[] = ['applied', 'merged', 'superseded', 'review', 'rejected'];

/** What the reference says of a write, change by change. */
export interface Judgement {
  readonly outcome: Gravity;
  readonly rulings: readonly Ruling[];
}

interface Kept extends ReferenceRow {
  readonly table: OracleTable;
  readonly key: string;
}

/**
 * The whole of the server as one map: writes are taken in one after the other, in the
 * order in which the real one committed them, each judged by the rules alone. It knows
 * nothing of networks, cursors, transactions or retries.
 */
export class Reference {
  readonly #tables: ReadonlyMap<string, OracleTable>;
  readonly #rows = new Map<string, Kept>();
  readonly #became = new Map<string, Map<string, Cells>>();
  /** Rows that wait for a person, with the client whose later edits of them join. */
  readonly #reviews = new Map<string, { readonly client: string; readonly names: readonly string[] }>();

  constructor(tables: readonly OracleTable[]) {
    this.#tables = new Map(tables.map((table) => [table.name, table]));
  }

  row(name: string): Cells | null {
    return this.#rows.get(name)?.cells ?? null;
  }

  /** Every row that is there, by name, as far as it is in one of the scopes. */
  within(scopes: ReadonlySet<string>): Map<string, Cells> {
    const found = new Map<string, Cells>();
    for (const [name, { cells, table, key }] of this.#rows) {
      if (cells && table.scopesOf(key, cells).some((scope) => scopes.has(scope))) found.set(name, cells);
    }
    return found;
  }

  /**
   * Takes a write in. `newKeys` names the key that the server gave for a change whose
   * own was taken: any will do, the rows are checked.
   */
  commit(write: OracleWrite, receipt: Receipt, newKeys: ReadonlyMap<string, string>): Judgement {
    const joins = write.changes.some(({ table, key }) => this.#waits(rowNameOf(table, key), write.client));
    const rulings = write.changes.map((change) => this.#judge(write, change, receipt));
    const outcome = this.#gravest(write, rulings, joins);
    if (outcome === 'review') {
      const names = write.changes.map(({ table, key }) => rowNameOf(table, key));
      this.#reviews.set(write.id, { client: write.client, names });
    } else if (outcome !== 'rejected') this.#apply(write, rulings, newKeys);
    return { outcome, rulings };
  }

  /** A write that came by no device: plain SQL. */
  plain(table: string, key: string, after: Cells | null, at: number): void {
    const name = rowNameOf(table, key);
    const before = this.#rows.get(name);
    const writers: Record<string, LastWriter> = { ...before?.writers };
    for (const [column, value] of Object.entries(after ?? {})) {
      if (before?.cells && before.cells[column] === value) continue;
      writers[column] = { stamp: { millis: at, counter: 0, node: 'server' }, roles: [], write: '' };
    }
    this.#put(name, table, key, after, after ? writers : {});
  }

  /** A person took the server's side: everything that was held on it ends so. */
  settleForServer(id: string): void {
    const review = this.#reviews.get(id);
    if (!review) return;
    this.#reviews.delete(id);
    this.#became.set(id, this.#images(review.names));
  }

  #waits(name: string, client: string): boolean {
    for (const review of this.#reviews.values())
      if (review.client === client && review.names.includes(name)) return true;
    return false;
  }

  #judge(write: OracleWrite, change: OracleChange, receipt: Receipt): Ruling {
    const table = this.#tables.get(change.table)!;
    const name = rowNameOf(change.table, change.key);
    return judge(table, change, {
      write: write.id,
      stamp: write.stamp,
      receipt,
      row: this.#rows.get(name),
      became: (earlier, column): Cell | undefined => this.#became.get(earlier)?.get(name)?.[column],
    });
  }

  #gravest(write: OracleWrite, rulings: readonly Ruling[], joins: boolean): Gravity {
    let worst = 0;
    for (const { outcome } of rulings) worst = Math.max(worst, GRAVITY.indexOf(outcome));
    if (GRAVITY[worst] !== 'rejected' && this.#breaksReference(write, rulings)) return 'rejected';
    return joins && GRAVITY[worst] !== 'rejected' ? 'review' : GRAVITY[worst]!;
  }

  /** Whether a row would need one that is not there, or one that is needed would go. */
  #breaksReference(write: OracleWrite, rulings: readonly Ruling[]): boolean {
    const after = (name: string): Cells | null => {
      const index = write.changes.findIndex(({ table, key }) => rowNameOf(table, key) === name);
      // A row that lives on under another key leaves the one that has its own as it is.
      const ruled = index < 0 || rulings[index]!.otherKey ? undefined : rulings[index]!.after;
      return ruled === undefined ? this.row(name) : ruled;
    };
    return write.changes.some(({ table, key }, index) => {
      const ruled = rulings[index]!.after;
      if (ruled === undefined) return false;
      if (ruled === null) return this.#isNeeded(rowNameOf(table, key), after);
      return Object.entries(this.#tables.get(table)!.columns).some(([column, { needs }]) => {
        const key = ruled[column] ?? null;
        return needs !== undefined && typeof key === 'string' && after(rowNameOf(needs, key)) === null;
      });
    });
  }

  #isNeeded(name: string, after: (name: string) => Cells | null): boolean {
    for (const [other, { table }] of this.#rows) {
      const cells = after(other);
      if (!cells) continue;
      for (const [column, { needs }] of Object.entries(table.columns)) {
        if (needs !== undefined && rowNameOf(needs, String(cells[column])) === name) return true;
      }
    }
    return false;
  }

  #apply(write: OracleWrite, rulings: readonly Ruling[], newKeys: ReadonlyMap<string, string>): void {
    const images = new Map<string, Cells>();
    for (const [index, { table, key }] of write.changes.entries()) {
      const { after, writers, otherKey } = rulings[index]!;
      const own = rowNameOf(table, key);
      const lands = otherKey ? (newKeys.get(own) ?? key) : key;
      const name = rowNameOf(table, lands);
      const before = this.#rows.get(name);
      if (after === null) this.#put(name, table, lands, null, {});
      else if (after !== undefined) this.#put(name, table, lands, after, { ...before?.writers, ...writers });
      else if (before) this.#rows.set(name, { ...before, writers: { ...before.writers, ...writers } });
      images.set(name, this.#rows.get(name)?.cells ?? {});
    }
    this.#became.set(write.id, images);
  }

  #put(
    name: string,
    table: string,
    key: string,
    cells: Cells | null,
    writers: Readonly<Record<string, LastWriter>>,
  ): void {
    const last = cells ?? this.#rows.get(name)?.cells ?? this.#rows.get(name)?.last ?? {};
    this.#rows.set(name, { table: this.#tables.get(table)!, key, cells, last, writers });
  }

  #images(names: readonly string[]): Map<string, Cells> {
    return new Map(names.map((name) => [name, this.row(name) ?? {}]));
  }
}
