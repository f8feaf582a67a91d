import { equalValues, policyOf, type UpdatePolicy } from '@satchel/core';
import { type Change, unreachable, type Value, type Values } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import type { RowState } from './row-state.ts';

/** Policies that a false base would get round: by them it matters what the user had really seen. */
const asksWhatWasSeen = (policy: UpdatePolicy): boolean => {
  switch (policy.kind) {
    case 'review':
      return true;
    case 'role-wins':
      return true;
    case 'merge':
      return policy.then !== undefined && asksWhatWasSeen(policy.then);
    case 'server-wins':
    case 'client-wins':
    case 'latest-wins':
    case 'earliest-wins':
    case 'custom':
      return false;
    default:
      return unreachable(policy);
  }
};

/**
 * A change whose confirmed values are what the audit knows of that version, where they
 * decide whether a person is asked (rule 57). A device that says it saw the present
 * value at a version which had another gets that one as its base.
 *
 * @param valuesAt the row at a version, as the audit has it
 */
export const checkBase = (
  table: Table,
  change: Change,
  row: RowState | undefined,
  server: Values | null,
  valuesAt: (version: number) => Values | undefined,
): { readonly change: Change; readonly isMismatch: boolean } => {
  const { confirmed } = change;
  const unchecked = { change, isMismatch: false };
  if (change.op !== 'update' || confirmed === undefined || row === undefined || server === null)
    return unchecked;
  if (confirmed.version >= row.version) return unchecked;
  const doubtful = Object.keys(change.values ?? {}).filter(
    (name) =>
      asksWhatWasSeen(policyOf(table.conflicts, name)) &&
      equalValues(table.columns[name]!, confirmed.values[name], server[name]),
  );
  const then = doubtful.length === 0 ? undefined : valuesAt(confirmed.version);
  if (then === undefined) return unchecked;
  const corrected: Record<string, Value> = {};
  for (const name of doubtful) {
    const was = then[name] ?? null;
    if (!equalValues(table.columns[name]!, was, confirmed.values[name])) corrected[name] = was;
  }
  if (Object.keys(corrected).length === 0) return unchecked;
  const values = { ...confirmed.values, ...corrected };
  return { change: { ...change, confirmed: { ...confirmed, values } }, isMismatch: true };
};
