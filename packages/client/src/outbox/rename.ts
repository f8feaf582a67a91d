import { keyOf } from '@satchel/core';
import type { Conflict, Seen, Value, Values } from '@satchel/protocol';
import type { ForeignKey } from '@satchel/schema';
import type { LocalTable } from '../database/local-table.ts';
import { writeMeta } from '../database/meta.ts';
import { keyParameters, withKey } from '../database/rows.ts';
import type { EngineContext } from '../engine-context.ts';
import { readBase } from '../pages/base.ts';
import { changesOfRow, type PendingChange, type RowSet } from './pending.ts';
import { referredKey } from './references.ts';

/**
 * The server gave a row of this device another key (rule 4): row, outbox, conflicts and
 * references follow, within one local transaction. What the base says under the old
 * key is somebody else's row, and so are confirmed references to it: they stay.
 *
 * Frozen mutations keep their text; the server renames in them, up to the seq that
 * `renamed-from` tells it (rule 64).
 */
export const renameKey = (
  context: EngineContext,
  table: string,
  oldKey: string,
  newKey: string,
  dirty: RowSet,
): void => {
  const local = context.tables.get(table);
  if (!local || oldKey === newKey) return;
  const { db, now } = context;
  for (const change of changesOfRow(context, table, oldKey)) {
    const renamed = (image: Values | null) => image && withKey(local, newKey, image);
    rewrite(context, change, newKey, renamed(change.new), renamed(change.old), change.seen);
  }
  renameConflicts(context, table, oldKey, newKey);
  dirty.add(table, oldKey);
  dirty.add(table, newKey);
  for (const child of context.tables.values()) {
    for (const foreignKey of child.table.foreignKeys) {
      if (foreignKey.references === table)
        renameReferences(context, child, foreignKey, local, oldKey, newKey, dirty);
    }
  }
  writeMeta(db, 'renamed-from', { runId: now.runId, seq: now.seq + 1 });
};

const rewrite = (
  { db }: EngineContext,
  change: PendingChange,
  key: string,
  after: Values | null,
  before: Values | null,
  seen: PendingChange['seen'],
): void => {
  const text = (value: unknown) => (value === null ? null : JSON.stringify(value));
  db.prepare('update satchel_changes set key = ?, new = ?, old = ?, seen = ? where change_id = ?').run([
    key,
    text(after),
    text(before),
    text(seen),
    change.changeId,
  ]);
};

/** References that this device itself wrote and that are still pending. */
const renameReferences = (
  context: EngineContext,
  child: LocalTable,
  { columns }: ForeignKey,
  parent: LocalTable,
  oldKey: string,
  newKey: string,
  dirty: RowSet,
): void => {
  const refers = (image: Values | null) => image !== null && referredKey(columns, image) === oldKey;
  const parts = keyParameters(parent, newKey);
  const pointed = (image: Values): Values => ({
    ...image,
    ...Object.fromEntries(columns.map((name, index) => [name, parts[index] as Value])),
  });
  for (const key of pendingKeys(context, child.name)) {
    // A confirmed reference to the old key means the other party's row.
    let ours = !refers(readBase(context, child.name, key)?.row ?? null);
    let childKey = key;
    for (const change of changesOfRow(context, child.name, key)) {
      if (refers(change.new) && !refers(change.old)) ours = true;
      if (!ours || !(refers(change.new) || refers(change.old))) continue;
      const after = change.new && refers(change.new) ? pointed(change.new) : change.new;
      const before = change.old && refers(change.old) ? pointed(change.old) : change.old;
      const seen = change.seen && seenRenamed(change.seen, change.old, before, columns);
      rewrite(context, change, key, after, before, seen);
      dirty.add(child.name, key);
      if (after && columns.some((name) => child.table.primaryKey.includes(name))) {
        childKey = keyOf(child.table.primaryKey, after);
      }
    }
    if (childKey !== key) renameKey(context, child.name, key, childKey, dirty);
  }
};

const seenRenamed = (
  seen: Readonly<Record<string, Seen>>,
  old: Values | null,
  renamed: Values | null,
  columns: readonly string[],
): Record<string, Seen> => {
  const result: Record<string, Seen> = { ...seen };
  for (const name of columns) {
    const entry = seen[name];
    if (entry && old && renamed && entry.value === old[name]) {
      result[name] = { ...entry, value: renamed[name] ?? null };
    }
  }
  return result;
};

const pendingKeys = ({ db }: EngineContext, table: string): string[] =>
  db
    .prepare('select distinct key from satchel_changes where tbl = ?')
    .all([table])
    .map(({ key }) => key as string);

const renameConflicts = ({ db, now }: EngineContext, table: string, oldKey: string, newKey: string): void => {
  const rows = db
    .prepare('select conflict_id, body from satchel_conflicts where tbl = ? and key = ?')
    .all([table, oldKey]);
  for (const row of rows) {
    const conflict = JSON.parse(row.body as string) as Conflict;
    if (conflict.clientId !== now.clientId) continue;
    db.prepare('update satchel_conflicts set key = ?, body = ? where conflict_id = ?').run([
      newKey,
      JSON.stringify({ ...conflict, key: newKey }),
      row.conflict_id as string,
    ]);
  }
};
