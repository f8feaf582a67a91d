import { foldChanges, rowName } from '@satchel/core';
import type { Change, Seen, Value, Values } from '@satchel/protocol';
import type { BaseRow, CoreEntry, Edit, LocalChange } from './core-entry.ts';
import type { CoreTable } from './core-tables.ts';

/** An unsettled change of a row, with the mutation that it belongs to. */
export interface Pending {
  readonly entry: CoreEntry;
  readonly change: LocalChange;
}

/** What the change says on the wire, fixed now. `saw` is the row as its author sees it. */
export const captureChange = (
  { table, key, op, values }: Edit,
  saw: Values | null,
  base: BaseRow | undefined,
  pending: readonly Pending[],
): LocalChange => {
  const columns = op === 'delete' ? Object.keys(saw ?? {}) : Object.keys(values);
  const seen: Record<string, Seen> = {};
  const confirmed: Record<string, Value> = {};
  if (op !== 'insert') {
    for (const column of columns) {
      const writer = pending.findLast(
        ({ change }) => change.op !== 'delete' && Object.hasOwn(change.values, column),
      );
      if (writer) seen[column] = { value: saw?.[column] ?? null, mutationId: writer.entry.mutationId };
      if (base) confirmed[column] = base.values[column] ?? null;
    }
  }
  const wire: Change = {
    table,
    op,
    key,
    ...(op !== 'delete' && { values }),
    ...(op !== 'insert' && base && { confirmed: { version: base.version, values: confirmed } }),
    ...(Object.keys(seen).length > 0 && { seen }),
    ...(pending.length > 0 && { after: pending.at(-1)!.entry.mutationId }),
  };
  const left = op === 'delete' ? null : { ...saw, ...values };
  return { table, key, op, values, old: saw, left, wire };
};

/** What folding has to know of a device. */
export interface Folding {
  readonly outbox: CoreEntry[];
  readonly base: ReadonlyMap<string, BaseRow>;
  readonly tables: ReadonlyMap<string, CoreTable>;
  readonly runId: string;
  readonly seq: number;
  readonly hlc: CoreEntry['hlc'];
  readonly pendingOf: (table: string, key: string) => readonly Pending[];
  /** The last number was given to what is no more: it is given again. */
  readonly takeBack: () => void;
}

/** The mutation that takes the edit in, if its row's last one was never sent and nothing came between. */
export const foldInto = (device: Folding, change: LocalChange): string | undefined => {
  const { table, key, op, wire } = change;
  if (op === 'insert') return undefined;
  const last = device.pendingOf(table, key).at(-1);
  if (!last || last.entry.everSent || last.entry.state !== 'queued' || last.entry.changes.length > 1)
    return undefined;
  const base = device.base.get(rowName(table, key));
  if (base?.version !== last.change.wire.confirmed?.version) return undefined;
  const names = op === 'delete' ? Object.keys(change.old ?? {}) : Object.keys(change.values);
  const { left } = last.change;
  if (names.some((name) => JSON.stringify(left?.[name]) !== JSON.stringify(change.old?.[name])))
    return undefined;
  const isLast = device.outbox.at(-1) === last.entry;
  const refers = device.tables.get(table)!.refers;
  if (!isLast && (op === 'delete' || (refers && Object.hasOwn(change.values, refers.column))))
    return undefined;
  if (op === 'delete' && last.change.op === 'insert') {
    if (!isLast || last.entry.runId !== device.runId || last.entry.seq !== device.seq) return undefined;
  }
  const folded = foldChanges(last.change.wire, wire);
  if (folded === 'vanishes') {
    device.outbox.pop();
    device.takeBack();
    return last.entry.mutationId;
  }
  last.change.op = folded.op;
  last.change.wire = folded;
  last.change.values = folded.values ?? {};
  last.change.left = change.left;
  if (last.change.op !== 'insert') last.change.old ??= change.old;
  last.entry.hlc = device.hlc;
  return last.entry.mutationId;
};
