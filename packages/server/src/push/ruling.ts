import type { ConflictPolicies, UpdatePolicy } from '@satchel/core';
import type { Change, Values } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import type { Ruling } from './facts.ts';

const WINS: Readonly<Record<Ruling['take'], UpdatePolicy>> = {
  client: { kind: 'client-wins' },
  server: { kind: 'server-wins' },
};

/**
 * What a person ruled, in place of the table's policies, and the change with the values
 * that the person gave. What does not clash any more merges as always. `undefined`:
 * nothing is left of the change.
 */
export const applyRuling = (
  table: Table,
  change: Change,
  { kind, take, columns, fields }: Ruling,
): { readonly table: Table; readonly change: Change } | undefined => {
  if (kind === 'unique' && take === 'server' && !columns.some((name) => fields[name]?.take === 'value')) {
    if (change.op !== 'update') return undefined;
    const kept = Object.entries(change.values ?? {}).filter(([name]) => !columns.includes(name));
    return kept.length === 0 ? undefined : { table, change: { ...change, values: Object.fromEntries(kept) } };
  }
  const given = Object.entries(fields).flatMap(([name, field]) =>
    field.take === 'value' ? [[name, field.value] as const] : [],
  );
  const taken = Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      field.take === 'value' ? WINS.client : WINS[field.take],
    ]),
  );
  const keepsRow = change.op === 'delete' ? take === 'server' : take === 'client' || given.length > 0;
  const conflicts: ConflictPolicies = {
    ...table.conflicts,
    update: WINS[take],
    fields: taken,
    delete: { kind: keepsRow ? 'edit-wins' : 'delete-wins' },
  };
  return {
    table: { ...table, conflicts },
    change:
      given.length === 0 || change.op === 'delete' ? change : withValues(change, Object.fromEntries(given)),
  };
};

/** The values as if the user had written them without having seen any other. */
const withValues = (change: Change, given: Values): Change => {
  const without = <T>(of: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(of).filter(([name]) => !Object.hasOwn(given, name)));
  return {
    ...change,
    values: { ...change.values, ...given },
    ...(change.confirmed
      ? { confirmed: { ...change.confirmed, values: without(change.confirmed.values) } }
      : {}),
    ...(change.seen ? { seen: without(change.seen) } : {}),
  };
};
