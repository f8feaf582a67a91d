import { mergeRanges, type Range } from '@satchel/core';
import type { SeqRanges } from '@satchel/protocol';
import type { MeterEntry, SyncRun } from '../engine.ts';
import type { EngineContext } from '../engine-context.ts';
import { lastServerTime } from './server-time.ts';

/** A tab that slept longer than this does not ask a second time. */
const KEEP_ONCE = 30 * 86_400_000;
/** Runs of the sync loop that are kept. */
const RUNS_KEPT = 500;
/** Days for which meters are kept: a month's budget, and the month before it. */
const METER_DAYS = 62;
const DAY = 86_400_000;

/** Keeps a run that has ended; the first since the opening, and then one a day, collects what is old. */
export const recordRun = (context: EngineContext, run: SyncRun): void => {
  const { db, clock, now } = context;
  const sinceCollected = Math.abs(clock.now() - (now.collectedAt ?? Number.NEGATIVE_INFINITY));
  if (sinceCollected >= DAY) {
    collectRecords(context);
    now.collectedAt = clock.now();
  }
  db.prepare('insert into satchel_runs (started_at, body) values (?, ?)').run([
    run.startedAt,
    JSON.stringify(run),
  ]);
};

/** The newest first. */
export const listRuns = ({ db }: EngineContext, limit: number): SyncRun[] =>
  db
    .prepare('select body from satchel_runs order by run_no desc limit ?')
    .all([limit])
    .map(({ body }) => JSON.parse(body as string) as SyncRun);

export const addMeter = ({ db }: EngineContext, entry: MeterEntry): void => {
  db.prepare(
    'insert into satchel_meter (day,traffic,direction,action,bytes) values (?,?,?,?,?) ' +
      'on conflict(day,traffic,direction,action) do update set bytes = bytes + excluded.bytes',
  ).run([entry.day, entry.traffic, entry.direction, entry.action, entry.bytes]);
};

export const listUsage = ({ db }: EngineContext, sinceDay: string): MeterEntry[] =>
  db
    .prepare(
      'select day,traffic,direction,action,bytes from satchel_meter where day >= ? order by day,traffic,direction,action',
    )
    .all([sinceDay])
    .map((row) => ({
      day: row.day as string,
      traffic: row.traffic as MeterEntry['traffic'],
      direction: row.direction as MeterEntry['direction'],
      action: row.action as string,
      bytes: row.bytes as number,
    }));

/** Ranges of settled seq that the server has not been told of, by run. Quarantine counts: it is not sent again. */
export const settledToAck = ({ db }: EngineContext): SeqRanges[] => {
  const runs = new Map<string, [number, number][]>();
  const rows = db
    .prepare(
      'select run_id, seq from satchel_outbox where settled_at is not null and acked = 0 order by run_id, seq',
    )
    .all();
  for (const row of rows) {
    const ranges = runs.get(row.run_id as string) ?? [];
    const seq = row.seq as number;
    const last = ranges.at(-1);
    if (last && last[1] === seq - 1) last[1] = seq;
    else ranges.push([seq, seq]);
    runs.set(row.run_id as string, ranges);
  }
  return [...runs].map(([runId, ranges]) => ({ runId, ranges }));
};

/**
 * The server knows that they are settled, and its pages leave their outcomes out from now
 * on. What becomes of `acked` when a page is in that was read after that: see `dropUnheld`.
 */
export const acked = ({ db }: EngineContext, told: readonly SeqRanges[]): void => {
  const mark = db.prepare(
    'update satchel_outbox set acked = 2 where run_id = ? and seq between ? and ? and settled_at is not null and acked = 0',
  );
  for (const { runId, ranges } of told) {
    for (const [from, to] of mergeRanges(ranges as readonly Range[], [])) mark.run([runId, from, to]);
  }
};

/**
 * Collects what is past its keeping time. Settled work counts as old by two clocks at
 * once, this device's and the server's: one that is turned ahead collects nothing that a
 * restored server may have to be offered. Where the device's was turned back since, so
 * that the work lies ahead of it, the server's counts alone.
 */
export const collectRecords = (context: EngineContext): void => {
  const { app, clock, db } = context;
  const now = clock.now();
  const serverTime = lastServerTime(context);
  if (serverTime !== null)
    db.prepare(
      "delete from satchel_outbox where state = 'settled' and acked > 2 and acked < ? " +
        'and settled_at not between ? and ?',
    ).run([serverTime - app.limits.keepSettledFor, now - app.limits.keepSettledFor, now]);
  db.prepare('delete from satchel_runs where run_no <= (select max(run_no) from satchel_runs) - ?').run([
    RUNS_KEPT,
  ]);
  db.prepare('delete from satchel_once where at < ?').run([now - KEEP_ONCE]);
  db.prepare('delete from satchel_meter where day < ?').run([
    new Date(now - METER_DAYS * DAY).toISOString().slice(0, 10),
  ]);
  db.prepare("delete from satchel_conflicts where state = 'settled' and created_at < ?").run([
    now - app.limits.keepSettledFor,
  ]);
};
