import { type Hlc, hlcToText, utf8Length } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import { keyExpression } from '../database/local-table.ts';
import { putRow, readRowState, removeRow } from '../database/rows.ts';
import { silently } from '../database/transaction.ts';
import { type EngineContext, nextStamp } from '../engine-context.ts';
import { keepBasesOfDeleted } from '../pages/base.ts';
import { type Accepted, acceptChange } from './accept.ts';
import { coalesce } from './coalesce.ts';
import { foldCaptured, type NetChange, specialChanges } from './fold.ts';
import { wireChange } from './freeze.ts';
import { changesOnPending, type Lineage, lineageOf } from './lineage.ts';
import { type ChangeRange, changesInRange } from './pending.ts';

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
 * Ends a local write, inside its transaction: checks and folds what was captured after
 * `mark`, keeps the bases, and puts it into the outbox as one mutation, or into the
 * row's last one where that may take it in. Throws where a value or a limit is broken;
 * the local transaction then rolls back whole.
 *
 * What SQL can tell to be good is not looked at row by row: a bulk write costs its
 * captured rows and a few statements over them.
 */
export const sealWrite = (context: EngineContext, mark: number, name: string | undefined): Sealed => {
  refuseFlood(context, mark);
  const special = specialChanges(context, mark);
  const tables = new Set(special.map(({ tbl }) => tbl as string));
  const checked = checkSpecial(context, special);
  const lineages = writeLineages(context, mark, checked);

  const summary = summarise(context, mark);
  for (const table of summary.tables) tables.add(table);
  if (summary.changes === 0) return { mutationId: null, tables, lanes: [] };
  if (summary.deletes) keepBasesOfDeleted(context, mark);
  stampModified(context, mark, summary);
  const bytes = checkLimits(context, summary);

  const lanes = lanesOf(context, summary.tables);
  const stamp = nextStamp(context);
  const only = summary.changes === 1 ? checked[0] : undefined;
  const taken =
    only &&
    coalesce(context, only.change, only.accepted, {
      name,
      stamp: hlcToText(stamp),
      bytes,
      seen: lineages.get(only.change.changeId)?.seen ?? null,
    });
  context.now.hlc = stamp;
  if (taken) return { mutationId: taken.mutationId, tables, lanes };
  return {
    mutationId: insertEntry(context, summary, { name, stamp, bytes, lane: lanes[0]! }),
    tables,
    lanes,
  };
};

const checkSpecial = (context: EngineContext, special: Parameters<typeof foldCaptured>[1]): Checked[] => {
  if (special.length === 0) return [];
  const { net, dropped } = foldCaptured(context, special);
  const checked: Checked[] = [];
  const gone = [...dropped];
  for (const change of net) {
    const accepted = acceptChange(context.app, change);
    const isNothing = change.op === 'update' && accepted.changed.length === 0;
    if (isNothing) gone.push(change.changeId);
    else checked.push({ change, accepted });
    if (accepted.rewritten || (change.folded && change.op === 'update'))
      layRow(context, change, isNothing ? withTimesBefore(change, accepted) : accepted);
  }
  const drop = context.db.prepare('delete from satchel_changes where change_id = ?');
  for (const id of gone) drop.run([id]);
  for (const each of checked) writeNet(context, each);
  return checked;
};

/** A row that was deleted and inserted as it was has not been modified: its times are those of before. */
const withTimesBefore = ({ local, old }: NetChange, accepted: Accepted): Accepted => ({
  ...accepted,
  after: {
    ...accepted.after,
    ...Object.fromEntries(local.modifiedAt.map(({ name }) => [name, old?.[name] ?? null])),
  },
});

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

/** Writes the captured change again where it is no longer what capture wrote. */
const writeNet = ({ db }: EngineContext, { change, accepted }: Checked): void => {
  if (!change.folded && !accepted.rewritten) return;
  // An insert needs no image: its row has it.
  const after = change.op === 'update' ? JSON.stringify(accepted.after) : null;
  db.prepare('update satchel_changes set op = ?, key = ?, new = ? where change_id = ?').run([
    change.op,
    accepted.key,
    after,
    change.changeId,
  ]);
};

/** By the id of the change: those of rows that had pending changes before. */
const writeLineages = (
  context: EngineContext,
  mark: number,
  checked: readonly Checked[],
): ReadonlyMap<number, Lineage> => {
  const lineages = new Map<number, Lineage>();
  if (checked.length === 0) return lineages;
  const onPending = changesOnPending(context, mark);
  if (onPending.size === 0) return lineages;
  const write = context.db.prepare(
    'update satchel_changes set version = ?, confirmed = ?, seen = ?, after = ? where change_id = ?',
  );
  for (const { change, accepted } of checked) {
    if (!onPending.has(change.changeId)) continue;
    const lineage = lineageOf(context, change, accepted);
    lineages.set(change.changeId, lineage);
    const { version, confirmed, seen, after } = lineage;
    write.run([
      version,
      confirmed === null ? null : JSON.stringify(confirmed),
      seen === null ? null : JSON.stringify(seen),
      after,
      change.changeId,
    ]);
  }
  return lineages;
};

/** What is left of a local transaction after folding. */
interface Summary {
  readonly changes: number;
  /** More than what goes on the wire: the whole image before. */
  readonly bytes: number;
  readonly tables: readonly string[];
  readonly deletes: boolean;
  readonly range: ChangeRange;
}

/** Bytes of one change on the wire besides its values, about. */
const CHANGE_OVERHEAD = 160;

/** In one walk over the changes: grouped by table, SQLite copied each image into a sorter, three times the cost. */
const summarise = ({ db }: EngineContext, mark: number): Summary => {
  const all = db
    .prepare(
      'select count(*) as changes, min(change_id) as first, max(change_id) as last, min(tbl) as tbl, ' +
        "max(tbl) as other, sum(op = 'delete') as deletes, " +
        'sum(coalesce(bytes, 0) + coalesce(octet_length(new), 0) + coalesce(octet_length(old), 0)) as bytes ' +
        'from satchel_changes where change_id > ?',
    )
    .get([mark])!;
  const changes = all.changes as number;
  const tables = all.tbl === all.other ? [all.tbl] : tablesAfter(db, mark);
  return {
    changes,
    bytes: ((all.bytes as number | null) ?? 0) + changes * CHANGE_OVERHEAD,
    tables: changes === 0 ? [] : (tables as string[]),
    deletes: ((all.deletes as number | null) ?? 0) > 0,
    range: { first: all.first as number, last: all.last as number },
  };
};

const tablesAfter = (db: EngineContext['db'], mark: number): unknown[] =>
  db
    .prepare('select distinct tbl from satchel_changes where change_id > ? order by tbl')
    .all([mark])
    .map(({ tbl }) => tbl);

/** The rows on screen get the time that the images have. */
const stampModified = (context: EngineContext, mark: number, { tables }: Summary): void => {
  const stamped = tables
    .map((name) => context.tables.get(name)!)
    .filter(({ modifiedAt }) => modifiedAt.length > 0);
  if (stamped.length === 0) return;
  silently(context, () => {
    for (const local of stamped) {
      const set = local.modifiedAt.map(({ quoted }) => `${quoted} = (select millis from satchel_txn)`);
      context.db
        .prepare(
          `update ${local.quoted} as t set ${set.join(',')} where ${keyExpression(local, 't')} in ` +
            '(select key from satchel_changes where change_id > ? and tbl = ?)',
        )
        .run([mark, local.name]);
    }
  });
};

/** Lanes of the touched tables, the most urgent first. */
const lanesOf = ({ app, tables }: EngineContext, names: readonly string[]): string[] => {
  const lanes = new Set(names.map((name) => tables.get(name)!.table.lane));
  return [...lanes].sort((a, b) => app.lanes.indexOf(a) - app.lanes.indexOf(b));
};

/** The bytes that the mutation will have at most; throws when they, or its changes, are too many (rule 60). */
const checkLimits = (context: EngineContext, summary: Summary): number => {
  const { maxChanges, maxMutationBytes } = context.app.limits;
  const isTooMany = summary.changes > maxChanges;
  const isDoubtful = !isTooMany && summary.bytes > maxMutationBytes;
  const bytes = isDoubtful ? wireBytes(context, summary.range) : summary.bytes;
  if (isTooMany || bytes > maxMutationBytes) {
    throw new SatchelError('mutation_too_large', {
      changes: summary.changes,
      bytes,
      maxChanges,
      maxBytes: maxMutationBytes,
    });
  }
  return bytes;
};

/** How far past the limit of changes it is no longer worth looking at each of them. */
const FLOOD = 10;

/** A million rows by one careless statement fail in seconds, before anything is checked row by row. */
const refuseFlood = (context: EngineContext, mark: number): void => {
  const { maxChanges, maxMutationBytes } = context.app.limits;
  if (captureMark(context) - mark <= FLOOD * maxChanges) return;
  const rows = context.db
    .prepare('select count(*) as n from (select distinct tbl, key from satchel_changes where change_id > ?)')
    .get([mark]);
  const changes = rows?.n as number;
  if (changes <= FLOOD * maxChanges) return;
  throw new SatchelError('mutation_too_large', {
    changes,
    bytes: changes * CHANGE_OVERHEAD,
    maxChanges,
    maxBytes: maxMutationBytes,
  });
};

const wireBytes = (context: EngineContext, range: ChangeRange): number =>
  changesInRange(context, range).reduce(
    (sum, change) => sum + utf8Length(JSON.stringify(wireChange(context.tables.get(change.table)!, change))),
    0,
  );

const insertEntry = (
  context: EngineContext,
  { tables, range }: Summary,
  made: {
    readonly name: string | undefined;
    readonly stamp: Hlc;
    readonly bytes: number;
    readonly lane: string;
  },
): string => {
  const { app, db, ids, now, userId, clock } = context;
  const mutationId = ids.next();
  db.prepare(
    'insert into satchel_outbox (mutation_id,client_id,run_id,seq,hlc,author,schema_version,name,state,lane,' +
      "bytes,created_at,first_change,last_change,tables) values (?,?,?,?,?,?,?,?,'queued',?,?,?,?,?,?)",
  ).run([
    mutationId,
    now.clientId,
    now.runId,
    now.seq + 1,
    hlcToText(made.stamp),
    userId,
    app.schemaVersion,
    made.name ?? null,
    made.lane,
    made.bytes,
    clock.now(),
    range.first,
    range.last,
    tables.join(','),
  ]);
  now.seq += 1;
  return mutationId;
};
