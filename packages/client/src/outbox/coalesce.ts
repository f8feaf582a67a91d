import { diffValues, equalValues, foldSeen } from '@satchel/core';
import type { Values } from '@satchel/protocol';
import type { EngineContext } from '../engine-context.ts';
import { readBase } from '../pages/base.ts';
import type { Accepted } from './accept.ts';
import { type Entry, entryOfChange } from './entry.ts';
import type { NetChange } from './fold.ts';
import { changesOfRow, type PendingChange } from './pending.ts';

interface Made {
  readonly name: string | undefined;
  readonly stamp: string;
  readonly bytes: number;
  /** What the user saw of the changed columns, as far as it was pending. */
  readonly seen: PendingChange['seen'];
}

/** The mutation that took the change in; `null` when the two of them cancel out. */
export interface TakenIn {
  readonly mutationId: string | null;
}

/**
 * Folds the one change of a local transaction into the row's last queued mutation,
 * if that touches the row alone and was never sent (rule 15): first base, last values,
 * same id and seq, last Hlc. Returns `undefined` when the change stays a mutation of its
 * own.
 *
 * The change takes the earlier mutation's place in the order of writing. So what could
 * depend on a mutation between the two is folded only where there is none: references,
 * unique values, deletes.
 */
export const coalesce = (
  context: EngineContext,
  change: NetChange,
  accepted: Accepted,
  made: Made,
): TakenIn | undefined => {
  const { local } = change;
  if (!local.table.coalesce || change.op === 'insert') return undefined;
  const earlier = changesOfRow(context, local.name, accepted.key).filter(
    ({ changeId }) => changeId < change.changeId,
  );
  const last = earlier.at(-1);
  if (!last) return undefined;
  const entry = entryOfChange(context, last.changeId);
  if (!entry || !mayTakeIn(entry, last, made.name)) return undefined;
  if (!sameBase(context, change, last) || !sameSight(change, accepted, last)) return undefined;
  if (!isLast(context, entry) && dependsOnOrder(change, accepted)) return undefined;
  return change.op === 'delete'
    ? takeDelete(context, entry, last, change, made)
    : takeUpdate(context, entry, last, change, accepted, made);
};

const mayTakeIn = (entry: Entry, last: PendingChange, name: string | undefined): boolean =>
  entry.state === 'queued' &&
  !entry.everSent &&
  entry.body === null &&
  entry.offer === null &&
  entry.name === (name ?? null) &&
  entry.range?.first === last.changeId &&
  entry.range.last === last.changeId;

/** A base that moved between the two edits says that the user saw something else the second time. */
const sameBase = (context: EngineContext, change: NetChange, last: PendingChange): boolean => {
  const base = readBase(context, change.local.name, last.key);
  return (base?.row ? base.version : null) === last.version && base?.gone !== 'left';
};

/**
 * The user must see what the last edit left. Where an earlier mutation was refused since,
 * its values are gone from the screen and stand in the image before the last edit: folded
 * over that, writing them again would count as no edit.
 */
const sameSight = (
  { local, op, old }: NetChange,
  { changed }: Accepted,
  { new: left }: PendingChange,
): boolean => {
  const names = op === 'delete' ? local.valueColumns.map(({ name }) => name) : changed;
  const { columns } = local.table;
  return names.every(
    (name) => columns[name]!.type === 'modifiedAt' || equalValues(columns[name]!, old?.[name], left?.[name]),
  );
};

const isLast = ({ db }: EngineContext, entry: Entry): boolean =>
  db.prepare('select max(position) as last from satchel_outbox').get()?.last === entry.position;

const dependsOnOrder = (change: NetChange, accepted: Accepted): boolean => {
  if (change.op === 'delete') return true;
  const { foreignKeys, unique } = change.local.table;
  const ordered = new Set([...foreignKeys.flatMap(({ columns }) => columns), ...unique.flat()]);
  return accepted.changed.some((name) => ordered.has(name));
};

const takeUpdate = (
  context: EngineContext,
  entry: Entry,
  last: PendingChange,
  change: NetChange,
  accepted: Accepted,
  made: Made,
): TakenIn => {
  const values: Record<string, Values[string]> = { ...last.new };
  for (const name of accepted.changed) values[name] = accepted.after![name]!;
  for (const { name } of change.local.modifiedAt) values[name] = accepted.after![name]!;
  const seen = seenByBoth(last, change, made);
  context.db
    .prepare('update satchel_changes set new = ?, seen = ? where change_id = ?')
    .run([JSON.stringify(values), seen && JSON.stringify(seen), last.changeId]);
  return keepIn(context, entry, change, made);
};

const seenByBoth = (last: PendingChange, { local }: NetChange, { seen }: Made): PendingChange['seen'] => {
  const { columns } = local.table;
  const touched = last.old && last.new ? diffValues(columns, last.old, last.new) : (last.new ?? {});
  const both = foldSeen(touched, last.seen, seen);
  return Object.keys(both).length > 0 ? both : null;
};

const takeDelete = (
  context: EngineContext,
  entry: Entry,
  last: PendingChange,
  change: NetChange,
  made: Made,
): TakenIn | undefined => {
  if (last.op === 'insert') return takeBack(context, entry, last, change);
  context.db
    .prepare("update satchel_changes set op = 'delete', new = null where change_id = ?")
    .run([last.changeId]);
  return keepIn(context, entry, change, made);
};

/** An insert taken back is nothing at all: only the last seq can go, so that none is missing. */
const takeBack = (
  context: EngineContext,
  entry: Entry,
  last: PendingChange,
  change: NetChange,
): TakenIn | undefined => {
  const { db, now } = context;
  if (last.version !== null || entry.runId !== now.runId || entry.seq !== now.seq) return undefined;
  const drop = db.prepare('delete from satchel_changes where change_id = ?');
  drop.run([last.changeId]);
  drop.run([change.changeId]);
  db.prepare('delete from satchel_outbox where position = ?').run([entry.position]);
  now.seq -= 1;
  return { mutationId: null };
};

const keepIn = ({ db }: EngineContext, entry: Entry, change: NetChange, made: Made): TakenIn => {
  db.prepare('delete from satchel_changes where change_id = ?').run([change.changeId]);
  db.prepare('update satchel_outbox set hlc = ?, bytes = max(bytes, ?) where position = ?').run([
    made.stamp,
    made.bytes,
    entry.position,
  ]);
  return { mutationId: entry.mutationId };
};
