import { findBlocked, type OutboxItem, pickBatch, rowName, utf8Length } from '@satchel/core';
import type { Mutation, Values } from '@satchel/protocol';
import type { SqlValue } from '../database/driver.ts';
import type { LocalTable } from '../database/local-table.ts';
import { readMeta } from '../database/meta.ts';
import type { OutboxBatch, TakeBatch } from '../engine.ts';
import { type EngineContext, tableOf } from '../engine-context.ts';
import { type Entry, entriesWhere, entryOfChange, moveEntry } from './entry.ts';
import { freezeEntry } from './freeze.ts';
import { changesInRange, type PendingChange } from './pending.ts';

/** Mutations that are looked at for a batch, as a multiple of what it may hold. */
const WINDOW = 2;

/** The next mutations to send, frozen and marked; `null` when none may go now. */
export const takeBatch = (context: EngineContext, limits: TakeBatch): OutboxBatch | null => {
  const { app, clock, db, ids, now } = context;
  const { entries, upTo } = limits.upTo ? upToSeq(context, limits.upTo, limits) : window(context, limits);
  const items = withDependencies(context, entries);
  const byPosition = new Map(items.map(({ entry }) => [entry.position, entry]));
  const picked = pickBatch(
    items.map(({ item }) => item),
    {
      laneOrder: app.lanes,
      lanes: limits.lanes,
      now: clock.now(),
      maxItems: limits.maxItems,
      maxBytes: limits.maxBytes,
      ...(upTo === undefined ? {} : { upTo }),
    },
  );
  if (picked.length === 0) return null;
  const batchId = ids.next();
  const mark = db.prepare(
    "update satchel_outbox set state = 'in-flight', ever_sent = 1, batch_id = ?, bytes = ? where position = ?",
  );
  const mutations: Mutation[] = [];
  let bytes = 0;
  let lane = app.lanes.at(-1) ?? '';
  for (const position of picked) {
    const entry = byPosition.get(position)!;
    const body = freezeEntry(context, entry);
    if (moveEntry(context, entry, 'taken') === undefined) continue;
    const size = utf8Length(body);
    mark.run([batchId, size, position]);
    bytes += size;
    mutations.push(sentMutation(context, entry, body));
    if (app.lanes.indexOf(entry.lane) < app.lanes.indexOf(lane)) lane = entry.lane;
  }
  const renamed = readMeta(db, 'renamed-from') as { runId: string; seq: number } | undefined;
  return {
    batchId,
    clientId: now.clientId,
    runId: now.runId,
    mutations,
    bytes,
    lane,
    ...(renamed?.runId === now.runId ? { renamedFrom: renamed.seq } : {}),
  };
};

/** The frozen text, with where it was made and what it offers where that must be said. */
export const sentMutation = ({ now }: EngineContext, entry: Entry, body: string): Mutation => {
  const mutation = JSON.parse(body) as Mutation;
  const elsewhere = entry.clientId !== now.clientId || entry.runId !== now.runId;
  return {
    ...mutation,
    ...(elsewhere ? { origin: { clientId: entry.clientId, runId: entry.runId } } : {}),
    ...(entry.offer ? { offer: entry.offer } : {}),
  };
};

interface Window {
  readonly entries: readonly Entry[];
  /** Send up to this position, whatever the lanes. */
  readonly upTo?: number;
}

/** The first queued mutations of the allowed lanes, by lane and order of writing. */
const window = (context: EngineContext, limits: TakeBatch): Window => {
  const wanted = Math.max(1, limits.maxItems) * WINDOW;
  const entries: Entry[] = [];
  let bytes = 0;
  const known = context.app.lanes;
  for (const lane of limits.lanes) {
    if (entries.length >= wanted || bytes > limits.maxBytes * WINDOW) break;
    // A lane that the app no longer has goes with the last one.
    const isLast = lane === known.at(-1);
    const parameters: SqlValue[] = isLast ? [lane, ...known] : [lane];
    const condition = isLast ? `(lane = ? or lane not in (${known.map(() => '?').join(',')}))` : 'lane = ?';
    const found = entriesWhere(
      context,
      `state = 'queued' and (next_at is null or next_at <= ?) and ${condition} order by position limit ?`,
      [context.clock.now(), ...parameters, wanted - entries.length],
    );
    for (const entry of found) {
      if (bytes > limits.maxBytes * WINDOW) break;
      entries.push(entry);
      bytes += entry.bytes;
    }
  }
  return { entries };
};

const upToSeq = (
  context: EngineContext,
  { runId, seq }: { readonly runId: string; readonly seq: number },
  limits: TakeBatch,
): Window => {
  const entries = entriesWhere(
    context,
    "state = 'queued' and run_id = ? and seq <= ? order by position limit ?",
    [runId, seq, Math.max(1, limits.maxItems)],
  );
  const last = entries.at(-1);
  return last ? { entries, upTo: last.position } : window(context, limits);
};

interface Considered {
  readonly entry: Entry;
  readonly item: OutboxItem;
}

/**
 * The entries with all that they depend on, near or far, so that what is picked among
 * them is in the right order although the rest of the outbox was not looked at.
 */
const withDependencies = (context: EngineContext, entries: readonly Entry[]): Considered[] => {
  const considered = new Map<number, Considered>();
  const waiting = [...entries];
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    if (considered.has(entry.position)) continue;
    const changes = entry.range ? changesInRange(context, entry.range) : [];
    const item = outboxItem(context, entry, changes);
    considered.set(entry.position, { entry, item });
    for (const dependency of dependenciesOf(context, entry, changes, item)) {
      if (!considered.has(dependency.position)) waiting.push(dependency);
    }
  }
  return [...considered.values()].sort((a, b) => a.entry.position - b.entry.position);
};

const outboxItem = (context: EngineContext, entry: Entry, changes: readonly PendingChange[]): OutboxItem => ({
  position: entry.position,
  lane: entry.lane,
  state: entry.state,
  nextAt: entry.nextAt,
  bytes: entry.bytes,
  touches: changes.map(({ table, key, op }) => ({ row: rowName(table, key), op })),
  references: changes.flatMap((change) => {
    const local = tableOf(context, change.table);
    if (!local || local.table.foreignKeys.length === 0) return [];
    return [change.new, change.old].flatMap((image) => (image ? referencesOf(local, image) : []));
  }),
});

/** Rows that an image of a row refers to. */
export const referencesOf = (local: LocalTable, image: Values): string[] =>
  local.table.foreignKeys.flatMap(({ columns, references }) => {
    const key = referredKey(columns, image);
    return key === undefined ? [] : [rowName(references, key)];
  });

/** The key that the columns of a foreign key hold; `undefined` when one of them is null. */
export const referredKey = (columns: readonly string[], image: Values): string | undefined => {
  const parts = columns.map((name) => image[name] ?? null);
  if (parts.includes(null)) return undefined;
  return parts.length === 1 ? String(parts[0]) : JSON.stringify(parts);
};

/** Earlier unsettled mutations that touch a row of this one, or one it refers to, or that refer to one it deletes. */
const dependenciesOf = (
  context: EngineContext,
  entry: Entry,
  changes: readonly PendingChange[],
  item: OutboxItem,
): Entry[] => {
  if (!entry.range) return [];
  const { first } = entry.range;
  const { db } = context;
  const ids = new Set<number>();
  const touching = db
    .prepare(
      'select p.change_id as id from satchel_changes c join satchel_changes p ' +
        'on p.tbl = c.tbl and p.key = c.key and p.change_id < ? where c.change_id between ? and ?',
    )
    .all([first, first, entry.range.last]);
  for (const { id } of touching) ids.add(id as number);
  const earlier = db.prepare(
    'select change_id as id from satchel_changes where tbl = ? and key = ? and change_id < ?',
  );
  for (const row of new Set(item.references)) {
    const [table, key] = row.split('\u0000') as [string, string];
    for (const { id } of earlier.all([table, key, first])) ids.add(id as number);
  }
  for (const { table, key, op } of changes) {
    if (op === 'delete') for (const id of referrersOf(context, table, key, first)) ids.add(id);
  }
  const found = new Map<number, Entry>();
  for (const id of ids) {
    const owner = entryOfChange(context, id);
    if (owner) found.set(owner.position, owner);
  }
  return [...found.values()];
};

/** Ids of earlier changes of rows that refer, or referred, to the row. */
const referrersOf = (context: EngineContext, table: string, key: string, before: number): number[] => {
  const ids: number[] = [];
  for (const local of context.tables.values()) {
    const columns = local.table.foreignKeys.filter(({ references }) => references === table);
    if (columns.length === 0) continue;
    // Deletes of parents are rare: the changes of the child table are looked through.
    const rows = context.db
      .prepare('select change_id,new,old from satchel_changes where tbl = ? and change_id < ?')
      .all([local.name, before]);
    for (const row of rows) {
      const images = [row.new, row.old].flatMap((text) =>
        typeof text === 'string' ? [JSON.parse(text) as Values] : [],
      );
      const refers = columns.some(({ columns: names }) =>
        images.some((image) => referredKey(names, image) === key),
      );
      if (refers) ids.push(row.change_id as number);
    }
  }
  return ids;
};

/** Marks what waits behind a failed mutation as `blocked`, with its name. */
export const markBlocked = (context: EngineContext): void => {
  const unsettled = entriesWhere(
    context,
    "state in ('queued','in-flight','blocked','review','failed') order by position",
  );
  const items = unsettled.map((entry) =>
    outboxItem(context, entry, entry.range ? changesInRange(context, entry.range) : []),
  );
  const byPosition = new Map(unsettled.map((entry) => [entry.position, entry]));
  const name = context.db.prepare('update satchel_outbox set blocked_by = ? where position = ?');
  for (const [position, behind] of findBlocked(items)) {
    const entry = byPosition.get(position)!;
    if (moveEntry(context, entry, 'dependency-stuck') !== undefined) {
      name.run([byPosition.get(behind)!.mutationId, position]);
    }
  }
};
