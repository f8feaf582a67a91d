import { diffValues } from '@satchel/core';
import type { Change, Mutation, Value, Values } from '@satchel/protocol';
import type { LocalTable } from '../database/local-table.ts';
import type { EngineContext } from '../engine-context.ts';
import type { Sendable } from './entry.ts';
import { changesInRange, type PendingChange } from './pending.ts';

/**
 * The text of a mutation as it is sent, made once: a repeat is the same mutation to the
 * letter. Where it was made is added by the sender, because that depends on who sends.
 */
export const freezeEntry = (context: EngineContext, entry: Sendable): string => {
  if (entry.body !== null) return entry.body;
  const changes = entry.range ? changesInRange(context, entry.range) : [];
  const body = JSON.stringify(frozenMutation(context, entry, changes));
  context.db.prepare('update satchel_outbox set body = ? where position = ?').run([body, entry.position]);
  return body;
};

export const frozenMutation = (
  context: EngineContext,
  entry: Sendable,
  changes: readonly PendingChange[],
): Mutation => ({
  mutationId: entry.mutationId,
  seq: entry.seq,
  hlc: entry.hlc,
  author: entry.author,
  schemaVersion: entry.schemaVersion,
  ...(entry.name === null ? {} : { name: entry.name }),
  changes: changes.flatMap((change) => {
    const local = context.tables.get(change.table);
    return local ? [wireChange(local, change)] : [];
  }),
});

/** A captured change as the wire has it. */
export const wireChange = (local: LocalTable, change: PendingChange): Change => {
  const { table, op, key } = change;
  const touched = touchedValues(local, change);
  const confirmed = confirmedOf(local, change, touched);
  return {
    table,
    op,
    key,
    ...(op === 'delete' ? {} : { values: touched }),
    ...(confirmed && op !== 'insert' ? { confirmed } : {}),
    ...(change.seen ? { seen: change.seen } : {}),
    ...(change.after === null ? {} : { after: change.after }),
  };
};

/** What the user wrote: all of a new row, of an old one what differs. The server gives the rest. */
const touchedValues = (local: LocalTable, { op, new: after, old: before }: PendingChange): Values => {
  if (op === 'delete' || after === null) return {};
  const values: Record<string, Value> =
    op === 'insert' || before === null ? { ...after } : { ...diffValues(local.table.columns, before, after) };
  for (const name of local.serverIds) delete values[name];
  for (const { name } of local.modifiedAt) delete values[name];
  return values;
};

const confirmedOf = (
  local: LocalTable,
  change: PendingChange,
  touched: Values,
): Change['confirmed'] | undefined => {
  const row = change.confirmed ?? change.old;
  if (change.version === null || row === null) return undefined;
  const names = change.op === 'delete' ? Object.keys(local.table.columns) : Object.keys(touched);
  const values: Record<string, Value> = {};
  for (const name of names) values[name] = row[name] ?? null;
  return { version: change.version, values };
};
