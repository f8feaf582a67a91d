import { type Hlc, utf8Length } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import { putRow, readRowState, removeRow } from '../database/rows.ts';
import { silently } from '../database/transaction.ts';
import { type EngineContext, nextStamp, stampText } from '../engine-context.ts';
import { keepBases } from '../pages/base.ts';
import { type Accepted, acceptChange } from './accept.ts';
import { coalesce } from './coalesce.ts';
import { capturedSince, foldCaptured, type NetChange } from './fold.ts';
import { changesOnPending, lineageOf } from './lineage.ts';

/** What became of a local transaction. */
export interface Sealed {
  /** `null` when it changed no synced row. */
  readonly mutationId: string | null;
  readonly tables: ReadonlySet<string>;
  readonly lanes: readonly string[];
}

/** Where the changes of a local transaction begin: after the last id there is. */
export const captureMark = ({ db }: EngineContext): number =>
  (db.prepare('select max(change_id) as mark from satchel_changes').get()?.mark as number | null) ?? 0;

interface Checked {
  readonly change: NetChange;
  readonly accepted: Accepted;
}

/**
 * Ends a local write, inside its transaction: folds and checks what was captured after
 * `mark`, keeps the bases, and puts it into the outbox as one mutation, or into the
 * row's last one where that may take it in. Throws where a value or a limit is broken;
 * the local transaction then rolls back whole.
 */
export const sealWrite = (context: EngineContext, mark: number, name: string | undefined): Sealed => {
  const captured = capturedSince(context, mark);
  if (captured.length === 0) return { mutationId: null, tables: new Set(), lanes: [] };
  const { net, dropped, tables } = foldCaptured(context, captured);
  const checked: Checked[] = [];
  const gone = [...dropped];
  for (const change of net) {
    const accepted = acceptChange(context.app, change);
    const idle = change.op === 'update' && accepted.changed.length === 0;
    if (idle) gone.push(change.changeId);
    else checked.push({ change, accepted });
    if (accepted.rewritten || (change.folded && change.op === 'update')) layRow(context, change, accepted);
  }
  dropChanges(context, gone);
  if (checked.length === 0) return { mutationId: null, tables, lanes: [] };

  for (const each of checked) writeNet(context, each);
  writeLineages(context, mark, checked);
  if (checked.some(({ change }) => change.op !== 'insert')) keepBases(context, mark);
  stampModified(context, checked);

  const lanes = lanesOf(context.app, checked);
  const bytes = checkLimits(context.app, checked);
  const stamp = nextStamp(context);
  const only = checked.length === 1 ? checked[0]! : undefined;
  const taken =
    only && coalesce(context, only.change, only.accepted, { name, stamp: stampText(stamp), bytes });
  context.now.hlc = stamp;
  if (taken) return { mutationId: taken.mutationId, tables, lanes };
  return {
    mutationId: insertEntry(context, checked, { name, stamp, bytes, lane: lanes[0]! }),
    tables,
    lanes,
  };
};

/** The row on screen in canonical form, and with what a delete and insert took from it. */
const layRow = (context: EngineContext, change: NetChange, accepted: Accepted): void => {
  const { local } = change;
  silently(context, () => {
    if (accepted.key !== change.key) {
      if (readRowState(context, local, accepted.key)) {
        throw new SatchelError('row_exists', { table: local.name, key: accepted.key });
      }
      removeRow(context, local, change.key);
    }
    putRow(context, local, accepted.after!, change.version, change.hold);
  });
};

const dropChanges = ({ db }: EngineContext, ids: readonly number[]): void => {
  const drop = db.prepare('delete from satchel_changes where change_id = ?');
  for (const id of ids) drop.run([id]);
};

/** Writes the captured change again where it is no longer what capture wrote. */
const writeNet = ({ db }: EngineContext, { change, accepted }: Checked): void => {
  if (!change.folded && !accepted.rewritten) return;
  db.prepare('update satchel_changes set op = ?, key = ?, new = ? where change_id = ?').run([
    change.op,
    accepted.key,
    accepted.after === null ? null : JSON.stringify(accepted.after),
    change.changeId,
  ]);
};

const writeLineages = (context: EngineContext, mark: number, checked: readonly Checked[]): void => {
  const onPending = changesOnPending(context, mark);
  if (onPending.size === 0) return;
  const write = context.db.prepare(
    'update satchel_changes set version = ?, confirmed = ?, seen = ?, after = ? where change_id = ?',
  );
  for (const { change, accepted } of checked) {
    if (!onPending.has(change.changeId)) continue;
    const { version, confirmed, seen, after } = lineageOf(context, change, accepted);
    write.run([
      version,
      confirmed === null ? null : JSON.stringify(confirmed),
      seen === null ? null : JSON.stringify(seen),
      after,
      change.changeId,
    ]);
  }
};

/** The rows on screen get the time that the images already have. */
const stampModified = (context: EngineContext, checked: readonly Checked[]): void => {
  const stamped = checked.filter(
    ({ change }) => change.op !== 'delete' && change.local.modifiedAt.length > 0,
  );
  if (stamped.length === 0) return;
  silently(context, () => {
    for (const { change, accepted } of stamped) {
      const state = readRowState(context, change.local, accepted.key);
      putRow(context, change.local, accepted.after!, state?.version ?? null, state?.hold ?? null);
    }
  });
};

/** Lanes of the touched tables, the most urgent first. */
const lanesOf = (app: App, checked: readonly Checked[]): string[] => {
  const lanes = new Set(checked.map(({ change }) => change.local.table.lane));
  return [...lanes].sort((a, b) => app.lanes.indexOf(a) - app.lanes.indexOf(b));
};

/** Bytes of one change on the wire besides its values, about. */
const CHANGE_OVERHEAD = 160;

/** About the bytes that the mutation will have on the wire; throws when they, or its changes, are too many. */
const checkLimits = (app: App, checked: readonly Checked[]): number => {
  const { maxChanges, maxMutationBytes } = app.limits;
  const lengthOf = (measure: (text: string) => number): number =>
    checked.reduce((sum, { change, accepted }) => sum + changeLength(change, accepted, measure), 0);
  const length = lengthOf((text) => text.length);
  // A character has up to three bytes: only where that could matter are they counted.
  const bytes = length * 3 > maxMutationBytes ? lengthOf(utf8Length) : length;
  if (checked.length > maxChanges || bytes > maxMutationBytes) {
    throw new SatchelError('mutation_too_large', {
      changes: checked.length,
      bytes,
      maxChanges,
      maxBytes: maxMutationBytes,
    });
  }
  return bytes;
};

const changeLength = (change: NetChange, accepted: Accepted, measure: (text: string) => number): number => {
  if (change.op === 'insert') {
    return CHANGE_OVERHEAD + measure(change.newText ?? JSON.stringify(accepted.after));
  }
  if (change.op === 'delete') return CHANGE_OVERHEAD + measure(JSON.stringify(change.old));
  const values: unknown[] = [];
  for (const name of accepted.changed) values.push(name, name, accepted.after?.[name], change.old?.[name]);
  return CHANGE_OVERHEAD + measure(JSON.stringify(values));
};

const insertEntry = (
  context: EngineContext,
  checked: readonly Checked[],
  made: {
    readonly name: string | undefined;
    readonly stamp: Hlc;
    readonly bytes: number;
    readonly lane: string;
  },
): string => {
  const { app, db, ids, now, userId, clock } = context;
  const mutationId = ids.next();
  const tables = [...new Set(checked.map(({ change }) => change.local.name))];
  // Folding may have left the first effect of a row in place of a later one: ids are not in order.
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { change } of checked) {
    first = Math.min(first, change.changeId);
    last = Math.max(last, change.changeId);
  }
  db.prepare(
    'insert into satchel_outbox (mutation_id,client_id,run_id,seq,hlc,author,schema_version,name,state,lane,' +
      "bytes,created_at,first_change,last_change,tables) values (?,?,?,?,?,?,?,?,'queued',?,?,?,?,?,?)",
  ).run([
    mutationId,
    now.clientId,
    now.runId,
    now.seq + 1,
    stampText(made.stamp),
    userId,
    app.schemaVersion,
    made.name ?? null,
    made.lane,
    made.bytes,
    clock.now(),
    first,
    last,
    tables.join(','),
  ]);
  now.seq += 1;
  return mutationId;
};
