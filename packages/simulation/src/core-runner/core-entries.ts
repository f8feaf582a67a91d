import { isVisible, rowName, type Snapshot } from '@satchel/core';
import type { ScopeDelta } from './core-messages.ts';
import { scopeOf } from './core-tables.ts';
import type { ServerRow } from './core-transaction.ts';

interface ScopeEntry {
  readonly xid: bigint;
  readonly present: boolean;
  readonly reason: 'deleted' | 'left';
  readonly table: string;
  readonly key: string;
}

/** One entry for each scope and row: what a page brings, what is gone, and what was forgotten. */
export class CoreEntries {
  readonly #rows: ReadonlyMap<string, ServerRow>;
  readonly #entries = new Map<string, Map<string, ScopeEntry>>();
  readonly #horizons = new Map<string, Snapshot>();

  constructor(rows: ReadonlyMap<string, ServerRow>) {
    this.#rows = rows;
  }

  /** The snapshot up to which gone entries of the scope may have been forgotten. */
  horizonOf(scope: string): Snapshot | undefined {
    return this.#horizons.get(scope);
  }

  /** Forgets what is gone and that the horizon knows of. Returns how much that was. */
  prune(horizon: Snapshot): number {
    let pruned = 0;
    for (const [scope, entries] of this.#entries) {
      let some = false;
      for (const [name, entry] of entries) {
        if (entry.present || !isVisible(horizon, entry.xid)) continue;
        entries.delete(name);
        some = true;
        pruned++;
      }
      if (some) this.#horizons.set(scope, horizon);
    }
    return pruned;
  }

  delta(scope: string, since: Snapshot | undefined): ScopeDelta {
    const rows: ScopeDelta['rows'][number][] = [];
    const gone: ScopeDelta['gone'][number][] = [];
    for (const [name, entry] of this.#entries.get(scope) ?? []) {
      if (since && isVisible(since, entry.xid)) continue;
      const { table, key } = entry;
      if (!entry.present) {
        if (since) gone.push({ table, key, reason: entry.reason });
        continue;
      }
      const row = this.#rows.get(name)!;
      rows.push({ table, key, version: row.version, row: row.values! });
    }
    return { scope, action: since ? 'delta' : 'backfill', rows, gone };
  }

  note(xid: bigint, scopes: Iterable<string>, { table, key, values }: ServerRow): void {
    const name = rowName(table, key);
    const to = scopeOf(values);
    for (const scope of to === undefined ? scopes : new Set([...scopes, to])) {
      const entries = this.#entries.get(scope) ?? new Map<string, ScopeEntry>();
      entries.set(name, { xid, present: scope === to, reason: values ? 'left' : 'deleted', table, key });
      this.#entries.set(scope, entries);
    }
  }
}
