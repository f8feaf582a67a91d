import type { UpdatePolicy } from '@satchel/core';
import type { Table } from './app.ts';
import { isServerGiven } from './define-columns.ts';

/** The policy of one column: its own, else the table's. */
export const policyOf = ({ conflicts }: Pick<Table, 'conflicts'>, column: string): UpdatePolicy =>
  Object.hasOwn(conflicts.fields, column) ? conflicts.fields[column]! : conflicts.update;

/** Policies that may decide a clash, the second choices as well. */
const chain = (policy: UpdatePolicy): readonly UpdatePolicy[] => {
  const second = policy.kind === 'merge' || policy.kind === 'role-wins' ? policy.then : undefined;
  return second === undefined ? [policy] : [policy, ...chain(second)];
};

/**
 * Names of the columns whose last writer (Hlc, roles, mutation) the server must
 * remember: those under `latest-wins`, `earliest-wins` or `role-wins`, also as a
 * second choice, and the column that an `earliest-wins` goes by.
 */
export const needsWriters = (table: Table): readonly string[] => {
  const needed = new Set<string>();
  for (const column of Object.values(table.columns)) {
    if (isServerGiven(column) || table.primaryKey.includes(column.name)) continue;
    for (const policy of chain(policyOf(table, column.name))) {
      if (policy.kind === 'latest-wins' || policy.kind === 'role-wins') needed.add(column.name);
      if (policy.kind === 'earliest-wins') needed.add(column.name).add(policy.column ?? column.name);
    }
  }
  return Object.keys(table.columns).filter((name) => needed.has(name));
};
