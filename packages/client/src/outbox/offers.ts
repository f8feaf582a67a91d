import { seenValues } from '@satchel/core';
import type { Change, ChangeOutcome, Mutation, Offer, Outcome, Values } from '@satchel/protocol';
import { readRow, withKey } from '../database/rows.ts';
import type { EngineContext } from '../engine-context.ts';
import { readBase, writeBase } from '../pages/base.ts';
import { rebaseRows } from '../pages/rebase.ts';
import { type Entry, entriesWhere, entryOfChange, moveEntry } from './entry.ts';
import { type ChangeRange, RowSet } from './pending.ts';

/**
 * The server may have lost what it had acknowledged: settled mutations become `queued`
 * again, as offers that say what had become of them, and are pending over the base as
 * it is now (rule 67). What was refused is offered without showing anything.
 * Returns how many.
 */
export const offerAgain = (context: EngineContext, epoch: string): number => {
  // All that is kept, whatever its age: by a clock that was turned since, it might look old.
  const entries = entriesWhere(
    context,
    "(state in ('settled','review') or (state = 'quarantined' and outcome is not null)) and body is not null " +
      'and outcome is not null order by position',
  );
  const dirty = new RowSet();
  const total = entries.reduce(
    (sum, entry) => sum + (entry.range ? 0 : (entry.outcome?.changes.length ?? 0)),
    0,
  );
  let changeId = firstFreeBefore(context) - total;
  for (const entry of entries) {
    const mutation = JSON.parse(entry.body!) as Mutation;
    const outcome = entry.outcome!;
    if (outcome.forgotten) continue;
    const first = changeId;
    if (entry.range === null && outcome.outcome !== 'rejected') {
      changeId = putBackChanges(context, mutation, outcome, changeId, dirty);
    }
    queueOffer(
      context,
      entry,
      offerOf(epoch, mutation, outcome),
      first < changeId ? { first, last: changeId - 1 } : null,
    );
  }
  rebaseRows(context, dirty);
  return entries.length;
};

/**
 * Whether work that is offered again, and has no answer yet, lies below changes of their
 * rows. It was offered while these were on their way: a base with them in it, and the
 * older work laid over it, would show the older again.
 */
export const standsOnOffers = (context: EngineContext, { first, last }: ChangeRange): boolean =>
  context.db
    .prepare(
      'select min(p.change_id) as id from satchel_changes c join satchel_changes p ' +
        'on p.tbl = c.tbl and p.key = c.key and p.change_id < c.change_id ' +
        'where c.change_id between ? and ? group by c.change_id',
    )
    .all([first, last])
    .some(({ id }) => isOnOffer(entryOfChange(context, id as number)));

const isOnOffer = (entry: Entry | undefined): boolean =>
  entry !== undefined && entry.offer !== null && entry.heldUntil === null && isToBeAnswered(entry);

/** It goes up by itself, or is on its way. */
export const isToBeAnswered = ({ state }: Pick<Entry, 'state'>): boolean =>
  state === 'queued' || state === 'in-flight';

/** Settled work is older than all that is pending: its changes lie below. */
const firstFreeBefore = ({ db }: EngineContext): number =>
  Math.min(
    0,
    (db.prepare('select min(change_id) as first from satchel_changes').get()?.first as number | null) ?? 0,
  );

const offerOf = (epoch: string, mutation: Mutation, outcome: Outcome): Offer => ({
  ...keysGiven(mutation, outcome),
  epoch,
  outcome: outcome.outcome,
  versions: mutation.changes.map((change, index) => {
    const became = outcome.changes[index];
    return tookEffect(change, became) ? (became?.version ?? null) : null;
  }),
  columns: mutation.changes.map((change, index) => columnsOf(change, outcome.changes[index])),
});

/** The text of a mutation keeps the keys that it was written with; rows live here under those that they were given. */
const keysGiven = (mutation: Mutation, outcome: Outcome): Pick<Offer, 'keys'> => {
  const keys = mutation.changes.map((_, index) => outcome.changes[index]?.newKey ?? null);
  return keys.some((key) => key !== null) ? { keys } : {};
};

/** Columns of a change whose value took effect. */
const columnsOf = (change: Change, became: ChangeOutcome | undefined): string[] => {
  if (!became || became.outcome === 'rejected' || became.outcome === 'review') return [];
  return [...(became.columns ?? Object.keys(change.values ?? {}))];
};

/** Whether the change made the version that its outcome tells: a loser's is that of the winner. */
const tookEffect = (change: Change, became: ChangeOutcome | undefined): boolean =>
  became?.outcome === 'applied' || became?.outcome === 'merged' || columnsOf(change, became).length > 0;

/** Lays the changes of a settled mutation over the base again; returns the next free id. */
const putBackChanges = (
  context: EngineContext,
  mutation: Mutation,
  outcome: Outcome,
  from: number,
  dirty: RowSet,
): number => {
  const insert = context.db.prepare(
    'insert into satchel_changes (change_id,tbl,op,key,new,old,version,confirmed) values (?,?,?,?,?,?,?,?)',
  );
  let changeId = from;
  for (const [index, change] of mutation.changes.entries()) {
    const local = context.tables.get(change.table);
    if (!local) continue;
    const key = outcome.changes[index]?.newKey ?? change.key;
    keepShownRow(context, change.table, key);
    const renamed = (image: Values) => (key === change.key ? image : withKey(local, key, image));
    const old = change.op === 'insert' ? null : renamed(seenValues(change));
    insert.run([
      changeId,
      change.table,
      change.op,
      key,
      change.values ? JSON.stringify(renamed(change.values)) : null,
      old && JSON.stringify(old),
      change.confirmed?.version ?? null,
      // Said apart from `old`, which has some columns alone and is no base.
      change.confirmed ? JSON.stringify(change.confirmed.values) : null,
    ]);
    changeId += 1;
    dirty.add(change.table, key);
  }
  return changeId;
};

/** The row on screen, when nothing was pending on it, is the confirmed one: it becomes the base. */
const keepShownRow = (context: EngineContext, table: string, key: string): void => {
  const pending = context.db
    .prepare('select 1 as found from satchel_changes where tbl = ? and key = ? limit 1')
    .get([table, key]);
  if (pending || readBase(context, table, key)) return;
  const row = readRow(context, context.tables.get(table)!, key);
  if (row && row.version !== null) {
    writeBase(context, table, key, { version: row.version, hold: row.hold, row: row.values, gone: null });
  }
};

const queueOffer = (
  context: EngineContext,
  entry: Entry,
  offer: Offer,
  range: { readonly first: number; readonly last: number } | null,
): void => {
  // What was refused has no way back to `queued` in the table of states but this one.
  if (moveEntry(context, entry, 'epoch-changed') === undefined) {
    context.db.prepare("update satchel_outbox set state = 'queued' where position = ?").run([entry.position]);
  }
  context.db
    .prepare(
      'update satchel_outbox set offer = ?, attempts = 0, next_at = null, settled_at = null, held_until = null, ' +
        'first_change = coalesce(?, first_change), last_change = coalesce(?, last_change) where position = ?',
    )
    .run([JSON.stringify(offer), range?.first ?? null, range?.last ?? null, entry.position]);
};
