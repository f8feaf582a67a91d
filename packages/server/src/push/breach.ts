import { keyOf } from '@satchel/core';
import type { Values } from '@satchel/protocol';
import type { App, Table } from '@satchel/schema';
import type { Probe } from './facts.ts';
import { keyOfAddress, type RowAddress, rowAddress, tableOf } from './row-address.ts';
import type { RowDraft } from './row-state.ts';
import { UniqueIndex, uniqueText } from './unique-index.ts';

/** A rule of the database that a mutation would break. */
export type Breach =
  | {
      readonly kind: 'reference';
      readonly address: RowAddress;
      readonly parent: { readonly table: string; readonly key: string };
    }
  | {
      readonly kind: 'unique';
      readonly address: RowAddress;
      readonly columns: readonly string[];
      readonly holder: string;
    }
  /** A row goes to which another one still refers. */
  | { readonly kind: 'restricted'; readonly address: RowAddress; readonly childTable: string };

/**
 * The first reference or unique value among the rows of a draft that the database would
 * refuse. Looked for only when it has refused the batch once: the happy path asks for
 * nothing.
 */
export const findBreach = (app: App, probe: Probe, draft: RowDraft): Breach | undefined => {
  const own = new UniqueIndex(app);
  for (const [address, after] of draft.changed) own.replace(address, null, after);
  for (const [address, after] of draft.changed) {
    const table = app.tables[tableOf(address)];
    if (table === undefined) continue;
    if (after === null) {
      const childTable = remainingChild(probe, draft, address);
      if (childTable !== undefined) return { kind: 'restricted', address, childTable };
      continue;
    }
    const found =
      brokenReference(table, probe, draft, address, after) ??
      takenValue(table, probe, draft, own, address, after);
    if (found) return found;
  }
  return undefined;
};

/** The row that the columns refer to; `undefined` when one of them is null. */
export const parentOf = (columns: readonly string[], values: Values): string | undefined =>
  columns.every((name) => values[name] !== null && values[name] !== undefined)
    ? keyOf(columns, values)
    : undefined;

const brokenReference = (
  table: Table,
  probe: Probe,
  draft: RowDraft,
  address: RowAddress,
  after: Values,
): Breach | undefined => {
  for (const { columns, references } of table.foreignKeys) {
    const key = parentOf(columns, after);
    if (key === undefined) continue;
    const parent = rowAddress(references, key);
    const now = draft.current(parent);
    if (now === undefined ? !probe.exists(parent) : now === null) {
      return { kind: 'reference', address, parent: { table: references, key } };
    }
  }
  return undefined;
};

/** The table of a row that refers to a deleted one and does so still after the draft. */
const remainingChild = (probe: Probe, draft: RowDraft, address: RowAddress): string | undefined =>
  probe.children(address).find(({ table, key, columns }) => {
    const now = draft.current(rowAddress(table, key));
    return now === undefined || (now !== null && parentOf(columns, now) === keyOfAddress(address));
  })?.table;

const takenValue = (
  table: Table,
  probe: Probe,
  draft: RowDraft,
  own: UniqueIndex,
  address: RowAddress,
  after: Values,
): Breach | undefined => {
  for (const columns of table.unique) {
    const value = uniqueText(columns, after);
    if (value === undefined) continue;
    const before = probe.holder(table.name, columns, after);
    const candidates = [
      ...(before === undefined ? [] : [before]),
      ...(draft.keptUnique?.keys(table.name, columns, after) ?? []),
      ...own.keys(table.name, columns, after),
    ];
    // Who had it may have let it go meanwhile.
    const holder = candidates.find((key) => {
      if (key === keyOfAddress(address)) return false;
      const now = draft.current(rowAddress(table.name, key));
      return now === undefined || (now !== null && uniqueText(columns, now) === value);
    });
    if (holder !== undefined) return { kind: 'unique', address, columns, holder };
  }
  return undefined;
};
