import type { Cells } from './cells.ts';
import { folded } from './fold.ts';
import { type OracleChange, type OracleTable, type OracleWrite, rowNameOf, type Stamp } from './model.ts';
import { seenRow } from './overlay.ts';

/** What a local transaction did to a row, as somebody beside the engine can see it. */
export interface SeenEdit {
  readonly table: string;
  readonly key: string;
  readonly op: 'insert' | 'update' | 'delete';
  readonly wrote: Cells;
  /** The visible row before. */
  readonly saw: Cells | null;
  /** The row as the server last told it to this device, and the server's time of that. */
  readonly told: Cells | null;
  readonly toldAt: number;
}

interface Pending {
  readonly id: string;
  /** Under the names that rows have on the device now. */
  local: readonly OracleChange[];
}

/** One device, as far as its writes are concerned: what is not settled, and what must be seen. */
export class OracleDevice {
  readonly client: string;
  readonly #tables: ReadonlyMap<string, OracleTable>;
  readonly #pending: Pending[] = [];
  /** Every write, under the names by which the server must take it. */
  readonly #written = new Map<string, OracleWrite>();
  /** Keys that the server gave instead, of which the device does not know yet. */
  readonly #unheard = new Map<string, string>();

  constructor(client: string, tables: readonly OracleTable[]) {
    this.client = client;
    this.#tables = new Map(tables.map((table) => [table.name, table]));
  }

  /**
   * Notes a local transaction. With the id of an earlier one it is folded into that;
   * the answer is false when nothing of it is left.
   */
  write(id: string, stamp: Stamp, edits: readonly SeenEdit[]): boolean {
    const changes = edits.map((edit): OracleChange => ({ ...edit, unsettled: this.#unsettled(edit) }));
    const sent = changes.map((change) => this.#underNewKey(change));
    const earlier = this.#pending.find((pending) => pending.id === id);
    if (!earlier) {
      this.#pending.push({ id, local: changes });
      this.#written.set(id, { id, client: this.client, stamp, changes: sent });
      return true;
    }
    const both = folded(this.#written.get(id)!.changes[0]!, sent[0]!);
    const local = folded(earlier.local[0]!, changes[0]!);
    if (!both || !local) {
      this.settled(id);
      this.#written.delete(id);
      return false;
    }
    this.#written.set(id, { id, client: this.client, stamp, changes: [both] });
    earlier.local = [local];
    return true;
  }

  /** The write as the server must judge it. */
  find(id: string): OracleWrite | undefined {
    return this.#written.get(id);
  }

  get pending(): readonly string[] {
    return this.#pending.map(({ id }) => id);
  }

  /** The device learned the end of a write: it is no longer laid over what the server tells. */
  settled(id: string): void {
    const index = this.#pending.findIndex((pending) => pending.id === id);
    if (index >= 0) this.#pending.splice(index, 1);
  }

  /** The server gave a row another key: what the device wrote under the old one means the new one. */
  renamedOnServer(table: string, key: string, newKey: string): void {
    this.#unheard.set(rowNameOf(table, key), newKey);
    for (const [id, write] of this.#written) {
      this.#written.set(id, { ...write, changes: write.changes.map((change) => this.#underNewKey(change)) });
    }
  }

  get writes(): ReadonlyMap<string, OracleWrite> {
    return this.#written;
  }

  /** The device knows it too. */
  renamedHere(table: string, key: string, newKey: string): void {
    this.#unheard.delete(rowNameOf(table, key));
    for (const pending of this.#pending) {
      pending.local = pending.local.map((change) => this.#renamed(change, table, key, newKey));
    }
  }

  isTouched(table: string, key: string): boolean {
    return this.#pending.some(({ local }) =>
      local.some((change) => change.key === key && change.table === table),
    );
  }

  /** The row that must be on the screen over what the server told. */
  mustSee(table: string, key: string, told: Cells | null): Cells | null {
    const edits = this.#pending.flatMap(({ local }) =>
      local.filter((change) => change.table === table && change.key === key),
    );
    return seenRow(this.#tables.get(table)!, told, edits);
  }

  #unsettled({ table, key, op, wrote, saw }: SeenEdit): Record<string, string> {
    const found: Record<string, string> = {};
    if (op === 'insert' || saw === null) return found;
    const columns = op === 'delete' ? Object.keys(saw) : Object.keys(wrote);
    for (const { id, local } of this.#pending) {
      for (const change of local) {
        if (change.table !== table || change.key !== key || change.op === 'delete') continue;
        for (const column of columns) if (Object.hasOwn(change.wrote, column)) found[column] = id;
      }
    }
    return found;
  }

  #underNewKey(change: OracleChange): OracleChange {
    let renamed = change;
    for (const [name, newKey] of this.#unheard) {
      const slash = name.indexOf('/');
      renamed = this.#renamed(renamed, name.slice(0, slash), name.slice(slash + 1), newKey);
    }
    return renamed;
  }

  #renamed(change: OracleChange, table: string, key: string, newKey: string): OracleChange {
    const own = change.table === table && change.key === key;
    const columns = Object.entries(this.#tables.get(change.table)!.columns)
      .filter(([column, { needs }]) => needs === table && change.wrote[column] === key)
      .map(([column]) => column);
    if (!own && columns.length === 0) return change;
    const wrote = { ...change.wrote };
    for (const column of columns) wrote[column] = newKey;
    return { ...change, key: own ? newKey : change.key, wrote };
  }
}
