import { type OutboxItem, rowName } from '@satchel/core';
import type { Values } from '@satchel/protocol';
import type { TakeBatch } from '../engine.ts';
import type { EngineContext } from '../engine-context.ts';
import { entryOfChange, type Sendable, sendablesWhere } from './entry.ts';
import { changesInRange, joinedRanges, type PendingChange } from './pending.ts';
import { referencesOf, referredKey } from './references.ts';

/** A mutation that is looked at for a batch. */
export interface Considered {
  readonly entry: Sendable;
  readonly changes: readonly PendingChange[];
  readonly item: OutboxItem;
}

/** The part of the outbox that is looked at for a batch: the whole of it would be read again for each. */
export interface SendingWindow {
  /** In the order of writing, with all that they depend on, near or far. */
  readonly considered: readonly Considered[];
  /** Send up to this position, whatever the lanes. */
  readonly upTo?: number;
  /** There are more that could be looked at. */
  readonly more: boolean;
}

/** The first queued mutations, `size` of them, by lane and order of writing. */
export const sendingWindow = (context: EngineContext, limits: TakeBatch, size: number): SendingWindow => {
  const upTo = limits.upTo && upToSeq(context, limits.upTo, size);
  const entries = upTo ?? firstByLane(context, limits, size);
  const last = upTo?.at(-1);
  return {
    considered: withDependencies(context, entries),
    more: entries.length >= size,
    ...(last ? { upTo: last.position } : {}),
  };
};

const firstByLane = (context: EngineContext, { lanes, maxBytes }: TakeBatch, size: number): Sendable[] => {
  const entries: Sendable[] = [];
  let bytes = 0;
  for (const lane of lanes) {
    const found = sendablesWhere(
      context,
      "state = 'queued' and state <> 'settled' and lane = ? and (next_at is null or next_at <= ?) order by position limit ?",
      [lane, context.clock.now(), size - entries.length],
    );
    for (const entry of found) {
      entries.push(entry);
      bytes += entry.bytes;
      if (bytes > maxBytes) return entries;
    }
    if (entries.length >= size) break;
  }
  return entries;
};

/** Those up to the seq, in the order of writing; `undefined` when none is left there. */
const upToSeq = (
  context: EngineContext,
  { runId, seq }: { readonly runId: string; readonly seq: number },
  size: number,
): Sendable[] | undefined => {
  const entries = sendablesWhere(
    context,
    "state = 'queued' and state <> 'settled' and run_id = ? and seq <= ? order by position limit ?",
    [runId, seq, size],
  );
  return entries.length > 0 ? entries : undefined;
};

/** The entries and all that they depend on, so that what is picked among them is in the right order. */
const withDependencies = (context: EngineContext, entries: readonly Sendable[]): Considered[] => {
  const considered = new Map<number, Considered>();
  let wave: readonly Sendable[] = entries;
  while (wave.length > 0) {
    const made = consider(context, wave);
    for (const one of made) considered.set(one.entry.position, one);
    const owners = new Map<number, Sendable>();
    for (const id of dependencies(context, made)) {
      const owner = entryOfChange(context, id);
      if (owner && !considered.has(owner.position)) owners.set(owner.position, owner);
    }
    wave = [...owners.values()];
  }
  return [...considered.values()].sort((a, b) => a.entry.position - b.entry.position);
};

/** Reads the changes of all entries; those whose changes lie side by side at once. */
const consider = (context: EngineContext, entries: readonly Sendable[]): Considered[] => {
  const ranged = entries.flatMap(({ range }) => (range ? [range] : []));
  const first = Math.min(...ranged.map((range) => range.first));
  const last = Math.max(...ranged.map((range) => range.last));
  const wanted = ranged.reduce((sum, range) => sum + range.last - range.first + 1, 0);
  const span = last - first < wanted * 2 ? changesInRange(context, { first, last }) : undefined;
  return entries.map((entry) => {
    const { range } = entry;
    const changes = range ? (span?.slice(...placesOf(span, range)) ?? changesInRange(context, range)) : [];
    return { entry, changes, item: outboxItem(context, entry, changes) };
  });
};

/** Where a range of ids lies in a list that rises by id. */
const placesOf = (
  span: readonly PendingChange[],
  { first, last }: { readonly first: number; readonly last: number },
): [number, number] => {
  const atLeast = (id: number): number => {
    let [low, high] = [0, span.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (span[middle]!.changeId < id) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return [atLeast(first), atLeast(last + 1)];
};

/** An entry as the rules of order in core see it. */
export const outboxItem = (
  context: EngineContext,
  entry: Sendable,
  changes: readonly PendingChange[],
): OutboxItem => ({
  position: entry.position,
  lane: entry.lane,
  state: entry.state,
  nextAt: entry.nextAt,
  bytes: entry.bytes,
  touches: changes.map(({ table, key, op }) => ({ row: rowName(table, key), op })),
  references: changes.flatMap((change) => {
    const local = context.tables.get(change.table);
    if (!local || local.table.foreignKeys.length === 0) return [];
    return [change.new, change.old].flatMap((image) => (image ? referencesOf(local, image) : []));
  }),
});

/**
 * Ids of earlier changes that the considered ones depend on: of the same rows, of rows
 * that they refer to, of rows that refer to what they delete.
 */
const dependencies = (context: EngineContext, considered: readonly Considered[]): Set<number> => {
  const { db } = context;
  const ids = new Set<number>();
  const touching = db.prepare(
    'select p.change_id as id from satchel_changes c join satchel_changes p ' +
      'on p.tbl = c.tbl and p.key = c.key and p.change_id < c.change_id where c.change_id between ? and ?',
  );
  const earlier = db.prepare(
    'select change_id as id from satchel_changes where tbl = ? and key = ? and change_id < ?',
  );
  for (const { first, last } of joinedRanges(considered.flatMap(({ entry }) => entry.range ?? []))) {
    for (const { id } of touching.all([first, last])) ids.add(id as number);
  }
  for (const { entry, changes, item } of considered) {
    if (!entry.range) continue;
    for (const row of new Set(item.references)) {
      const [table, key] = row.split('\u0000') as [string, string];
      for (const { id } of earlier.all([table, key, entry.range.first])) ids.add(id as number);
    }
    for (const { table, key, op } of changes) {
      if (op === 'delete') for (const id of referrersOf(context, table, key, entry.range.first)) ids.add(id);
    }
  }
  return ids;
};

/** Ids of earlier changes of rows that refer, or referred, to the row. */
const referrersOf = (context: EngineContext, table: string, key: string, before: number): number[] => {
  const ids: number[] = [];
  for (const local of context.tables.values()) {
    const columns = local.table.foreignKeys.filter(({ references }) => references === table);
    if (columns.length === 0) continue;
    // Deletes of parents are rare: the changes of the child table are looked through.
    const changes = context.db
      .prepare('select change_id,key,new,old from satchel_changes where tbl = ? and change_id < ?')
      .all([local.name, before]);
    for (const row of changes) {
      const [before, written] = [row.old, row.new].map((text) =>
        typeof text === 'string' ? (JSON.parse(text) as Values) : undefined,
      );
      // An update says what differs from before.
      const images = [before, written && { ...before, ...written }].filter((image) => image !== undefined);
      if (images.length === 0) images.push(...insertedImages(context, row.change_id as number));
      const refers = columns.some(({ columns: names }) =>
        images.some((image) => referredKey(names, image) === key),
      );
      if (refers) ids.push(row.change_id as number);
    }
  }
  return ids;
};

const insertedImages = (context: EngineContext, changeId: number): Values[] =>
  changesInRange(context, { first: changeId, last: changeId }).flatMap(({ new: image }) =>
    image ? [image] : [],
  );
