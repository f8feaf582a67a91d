import { decideChange, type FieldWriter, type RowVerdict, rowName } from '@satchel/core';
import { type Change, unreachable, type Value, type Values } from '@satchel/protocol';
import type { SentMutation } from './core-messages.ts';
import { type CoreTable, scopeOf } from './core-tables.ts';
import type { CoreTransaction, ServerRow } from './core-transaction.ts';

/** How far a device's clock may be out, in milliseconds. */
export const TOLERANCE = 60_000;

/**
 * The rows of the server, as transactions see and write them. What a change comes to is
 * the core's decision; here is what it needs to know for that, and where it is put.
 */
export class CoreRows {
  readonly #tables: ReadonlyMap<string, CoreTable>;
  readonly #rolesOf: (client: number) => readonly string[];
  readonly committed = new Map<string, ServerRow>();
  /** What rows became by a mutation, for edits that name it as seen. */
  readonly #became = new Map<string, Map<string, Values | null>>();
  readonly #versionTimes = new Map<number, number>();
  #nextVersion = 1;

  constructor(tables: ReadonlyMap<string, CoreTable>, rolesOf: (client: number) => readonly string[]) {
    this.#tables = tables;
    this.#rolesOf = rolesOf;
  }

  noteBecame(mutationId: string, images: Map<string, Values | null>): void {
    this.#became.set(mutationId, images);
  }

  read(tx: CoreTransaction, name: string): ServerRow | undefined {
    return tx.rows.get(name) ?? this.committed.get(name);
  }

  decide(tx: CoreTransaction, client: number, mutation: SentMutation, change: Change): RowVerdict {
    const name = rowName(change.table, change.key);
    const row = this.read(tx, name);
    const confirmed = change.confirmed?.version;
    return decideChange(
      this.#tables.get(change.table)!.merge,
      change,
      {
        row: row?.values ?? null,
        deleted: row !== undefined && row.values === null,
        last: row?.last ?? null,
      },
      {
        mutationId: mutation.mutationId,
        hlc: mutation.hlc,
        roles: this.#rolesOf(client),
        clock: {
          lower: confirmed === undefined ? 0 : (this.#versionTimes.get(confirmed) ?? 0),
          upper: tx.at,
          tolerance: TOLERANCE,
        },
        serverWriter: (column) => row?.writers[column],
        became: (earlier, column): Value | undefined => this.#becameOf(tx, earlier, name)?.[column],
      },
    );
  }

  #becameOf(tx: CoreTransaction, id: string, name: string): Values | null | undefined {
    const here = tx.outcomes.find(({ told }) => told.mutationId === id);
    if (!here) return this.#became.get(id)?.get(name);
    if (here.told.outcome === 'review' || here.told.outcome === 'rejected') return undefined;
    return here.told.changes.find(({ table, key, newKey }) => rowName(table, newKey ?? key) === name)?.row;
  }

  write(
    tx: CoreTransaction,
    change: Change,
    verdict: RowVerdict,
    mutationId: string,
    roles: readonly string[],
  ): void {
    const { table } = change;
    const key = verdict.newKey ?? change.key;
    const before = this.read(tx, rowName(table, key));
    const writers: Record<string, FieldWriter> = { ...before?.writers };
    for (const [column, hlc] of Object.entries(verdict.stamps)) writers[column] = { hlc, roles, mutationId };
    switch (verdict.effect) {
      case 'none':
        if (before && Object.keys(verdict.stamps).length > 0)
          tx.rows.set(rowName(table, key), { ...before, writers });
        return;
      case 'delete':
        this.writeRow(tx, table, key, null, {});
        return;
      case 'insert':
      case 'update': {
        const below = verdict.effect === 'update' ? before?.values : undefined;
        const { id: _, ...values } = { ...below, ...verdict.write };
        this.writeRow(tx, table, key, values, writers);
        return;
      }
    }
  }

  writeRow(
    tx: CoreTransaction,
    table: string,
    key: string,
    values: Values | null,
    writers: Readonly<Record<string, FieldWriter>>,
  ): void {
    const name = rowName(table, key);
    const before = this.read(tx, name);
    const version = this.#nextVersion++;
    this.#versionTimes.set(version, tx.at);
    const scopes = tx.scopes.get(name) ?? new Set();
    for (const scope of [scopeOf(before?.values ?? null), scopeOf(values)]) {
      if (scope !== undefined) scopes.add(scope);
    }
    tx.scopes.set(name, scopes);
    const last = values ?? before?.values ?? before?.last ?? null;
    tx.rows.set(name, { table, key, values, last, version, writers });
  }

  breaksReference(tx: CoreTransaction, changes: readonly Change[], verdicts: readonly RowVerdict[]): boolean {
    const after = (name: string): Values | null => {
      const index = changes.findIndex(({ table, key }) => rowName(table, key) === name);
      const verdict = index < 0 ? undefined : verdicts[index];
      const row = this.read(tx, name)?.values ?? null;
      if (!verdict || verdict.effect === 'none' || verdict.newKey !== undefined) return row;
      return verdict.effect === 'delete' ? null : { ...row, ...verdict.write };
    };
    return changes.some(({ table, key }, index) => {
      const { effect, write } = verdicts[index]!;
      const refers = this.#tables.get(table)!.refers;
      switch (effect) {
        case 'none':
          return false;
        case 'delete':
          return this.#isNeeded(tx, table, key, after);
        case 'insert':
        case 'update': {
          const row = effect === 'update' ? after(rowName(table, key)) : write;
          const parent = refers && row?.[refers.column];
          return typeof parent === 'string' && after(rowName(refers!.to, parent)) === null;
        }
        default:
          return unreachable(effect);
      }
    });
  }

  #isNeeded(
    tx: CoreTransaction,
    table: string,
    key: string,
    after: (name: string) => Values | null,
  ): boolean {
    for (const rows of [this.committed, tx.rows]) {
      for (const [name, row] of rows) {
        const refers = this.#tables.get(row.table)!.refers;
        if (refers?.to === table && after(name)?.[refers.column] === key) return true;
      }
    }
    return false;
  }
}
