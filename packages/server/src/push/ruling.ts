import type { ConflictPolicies, UpdatePolicy } from '@satchel/core';
import type { Change } from '@satchel/protocol';
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
  if (change.op === 'delete') return { table: { ...table, conflicts }, change };
  // A later edit that joined the review may have seen the value that stands, or one that
  // has just lost to it: by itself it would be no clash, and undo what was ruled.
  const kept = [...columns, ...Object.keys(fields)].filter(
    (name) => (fields[name]?.take ?? take) === 'server',
  );
  const values = Object.fromEntries(given);
  return {
    table: { ...table, conflicts },
    change: unseen({ ...change, values: { ...change.values, ...values } }, [...Object.keys(values), ...kept]),
  };
};

/** The change as if the user had written these columns without having seen any value of them. */
const unseen = (change: Change, columns: readonly string[]): Change => {
  const without = <T>(of: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(of).filter(([name]) => !columns.includes(name)));
  return {
    ...change,
    ...(change.confirmed
      ? { confirmed: { ...change.confirmed, values: without(change.confirmed.values) } }
      : {}),
    ...(change.seen ? { seen: without(change.seen) } : {}),
  };
};
