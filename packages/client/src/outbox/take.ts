import { findBlocked, pickBatch, transitionOutbox, utf8Length } from '@satchel/core';
import type { Mutation } from '@satchel/protocol';
import { readMeta } from '../database/meta.ts';
import type { OutboxBatch, TakeBatch } from '../engine.ts';
import type { EngineContext } from '../engine-context.ts';
import { entriesWhere, moveEntry, type Sendable } from './entry.ts';
import { frozenMutation } from './freeze.ts';
import { changesInRange } from './pending.ts';
import { type Considered, outboxItem, sendingWindow } from './sending-window.ts';

/** The next mutations to send, frozen and marked; `null` when none may go now. */
export const takeBatch = (context: EngineContext, limits: TakeBatch): OutboxBatch | null => {
  const picked = pick(context, limits);
  if (picked.length === 0) return null;
  // Lanes say what goes, not in which order it was written: the server puts each run in
  // order by its seq, and only this tells it which run came first.
  picked.sort((a, b) => a.entry.position - b.entry.position);
  const { app, db, ids, now } = context;
  const batchId = ids.next();
  const mark = db.prepare(
    'update satchel_outbox set state = ?, ever_sent = 1, batch_id = ?, bytes = ?, body = ? where position = ?',
  );
  const mutations: Mutation[] = [];
  let bytes = 0;
  let lane = app.lanes.at(-1) ?? '';
  for (const { entry, changes } of picked) {
    const state = transitionOutbox(entry.state, 'taken');
    if (state === undefined) continue;
    // Made once: a repeat is the same mutation to the letter.
    const frozen =
      entry.body === null ? frozenMutation(context, entry, changes) : (JSON.parse(entry.body) as Mutation);
    const body = entry.body ?? JSON.stringify(frozen);
    const size = utf8Length(body);
    mark.run([state, batchId, size, body, entry.position]);
    bytes += size;
    mutations.push(asSent(context, entry, frozen));
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
    outstandingFrom: lowestUnsettled(context) ?? now.seq + 1,
  };
};

/** The lowest seq of this run that the server has not settled. */
const lowestUnsettled = ({ db, now }: EngineContext): number | null =>
  (db
    .prepare(
      `select min(seq) as seq from satchel_outbox
       where state in ('queued','in-flight','blocked','review','failed') and state <> 'settled' and run_id = ?`,
    )
    .get([now.runId])?.seq as number | null | undefined) ?? null;

/** Looks further into the outbox while all that was seen must wait for something. */
const pick = (context: EngineContext, limits: TakeBatch): Considered[] => {
  const { app, clock } = context;
  for (let size = Math.max(1, limits.maxItems); ; size *= 4) {
    const { considered, upTo, more } = sendingWindow(context, limits, size);
    const byPosition = new Map(considered.map((one) => [one.entry.position, one]));
    const positions = pickBatch(
      considered.map(({ item }) => item),
      {
        laneOrder: app.lanes,
        lanes: limits.lanes,
        now: clock.now(),
        maxItems: limits.maxItems,
        maxBytes: limits.maxBytes,
        ...(upTo === undefined ? {} : { upTo }),
      },
    );
    if (positions.length > 0 || !more) return positions.map((position) => byPosition.get(position)!);
  }
};

/** With where it was made, and what it offers, where that must be said. */
const asSent = ({ now }: EngineContext, entry: Sendable, mutation: Mutation): Mutation => {
  const elsewhere = entry.clientId !== now.clientId || entry.runId !== now.runId;
  if (!elsewhere && !entry.offer) return mutation;
  return {
    ...mutation,
    ...(elsewhere ? { origin: { clientId: entry.clientId, runId: entry.runId } } : {}),
    ...(entry.offer ? { offer: entry.offer } : {}),
  };
};

/** Marks what waits behind a failed mutation as `blocked`, with its name. */
export const markBlocked = (context: EngineContext): void => {
  const unsettled = entriesWhere(
    context,
    "state in ('queued','in-flight','blocked','review','failed') and state <> 'settled' order by position",
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
