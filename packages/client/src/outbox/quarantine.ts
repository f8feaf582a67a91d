import {
  type Change,
  type Json,
  type Mutation,
  type Problem,
  SatchelError,
  type Value,
  type Values,
} from '@satchel/protocol';
import { liftMutation } from '@satchel/schema';
import type { LocalTable } from '../database/local-table.ts';
import { putRow, readRow, removeRow, withKey } from '../database/rows.ts';
import { silently } from '../database/transaction.ts';
import type { QuarantineEntry, Written } from '../engine.ts';
import type { EngineContext } from '../engine-context.ts';
import { canonicalValue } from './accept.ts';
import { freeBlocked } from './blocked.ts';
import { type Entry, entriesWhere, entryById, moveEntry } from './entry.ts';
import { freezeEntry, frozenMutation } from './freeze.ts';
import { changesInRange, deleteRange, type RowSet } from './pending.ts';
import { captureMark, sealWrite } from './seal.ts';

export const listQuarantine = (context: EngineContext): QuarantineEntry[] =>
  entriesWhere(context, "state = 'quarantined' and state <> 'settled' order by position").map((entry) => ({
    mutationId: entry.mutationId,
    at: entry.settledAt ?? entry.createdAt,
    problem: entry.problem ?? { code: 'conflict_rejected', params: {} },
    changes: entry.body === null ? [] : (JSON.parse(entry.body) as Mutation).changes,
  }));

/**
 * Puts a mutation aside: it is not sent, its changes show no longer. One that is on its
 * way stays; its answer says what became of it. Returns whether it went.
 */
export const quarantineEntry = (
  context: EngineContext,
  entry: Entry,
  problem: Problem,
  dirty: RowSet,
): boolean => {
  const body = freezeEntry(context, entry);
  if (moveEntry(context, entry, 'right-lost') === undefined) return false;
  if (entry.range) {
    for (const { table, key } of changesInRange(context, entry.range)) dirty.add(table, key);
    deleteRange(context, entry.range);
  }
  context.db
    .prepare(
      'update satchel_outbox set problem = ?, body = ?, settled_at = ?, first_change = null, last_change = null, ' +
        'next_at = null, blocked_by = null where position = ?',
    )
    .run([JSON.stringify(problem), body, context.clock.now(), entry.position]);
  return true;
};

const quarantined = (context: EngineContext, mutationId: string): Entry => {
  const entry = entryById(context, mutationId);
  if (entry?.state !== 'quarantined') throw new SatchelError('quarantine_unknown', { mutationId });
  return entry;
};

/** Writes what was refused again, on the rows as they are now, as a new mutation. */
export const retryQuarantined = (
  context: EngineContext,
  mutationId: string,
  edits: readonly { readonly change: number; readonly values: Record<string, Json> }[],
): Written => {
  const entry = quarantined(context, mutationId);
  const changes = liftedChanges(context, entry);
  const mark = captureMark(context);
  for (const [index, change] of changes.entries()) {
    const local = context.tables.get(change.table);
    if (!local) throw new SatchelError('table_unknown', { table: change.table });
    const edited = edits
      .filter((edit) => edit.change === index)
      .flatMap(({ values }) =>
        Object.entries(values).map((cell) => editedCell(context, local, change.key, cell)),
      );
    writeByHand(
      context,
      local,
      { ...change, values: { ...change.values, ...Object.fromEntries(edited) } },
      true,
    );
  }
  const { mutationId: made, tables, lanes } = sealWrite(context, mark, entry.name ?? undefined);
  forget(context, entry);
  return { mutationId: made, tables: [...tables], lanes };
};

/** In canonical form: it is put into the row as it is. */
const editedCell = (
  context: EngineContext,
  local: LocalTable,
  key: string,
  [name, value]: readonly [string, Json],
): [string, Value] => {
  const column = local.columns.find((one) => one.name === name);
  if (!column) throw new SatchelError('column_unknown', { table: local.name, column: name });
  return [name, canonicalValue(context.app, local, key, column, value)];
};

/** The changes in the app's schema; throws `lift_failed` where they cannot be told. */
const liftedChanges = (context: EngineContext, entry: Entry): readonly Change[] => {
  if (entry.body === null) return [];
  return liftMutation(context.app, JSON.parse(entry.body) as Mutation).mutation?.changes ?? [];
};

/**
 * One change as if it had been captured. The app's triggers do not run: what they did
 * the first time is among the changes.
 *
 * @param suspect Its values were not looked at: the end of the local write does.
 */
export const writeByHand = (
  context: EngineContext,
  local: LocalTable,
  change: Change,
  suspect: boolean,
): void => {
  const { key } = change;
  const shown = readRow(context, local, key);
  const before = shown?.values ?? null;
  const blank = Object.fromEntries(Object.keys(local.table.columns).map((name) => [name, null]));
  const whole = (values: Values): Values => withKey(local, key, { ...blank, ...before, ...values });
  if (change.op === 'delete' && !before) return;
  if (change.op === 'update' && !before) throw new SatchelError('row_missing', { table: local.name, key });
  const after = change.op === 'delete' ? null : whole(change.values ?? {});
  silently(context, () => {
    if (after) putRow(context, local, after, shown?.version ?? null, shown?.hold ?? null);
    else removeRow(context, local, key);
  });
  context.db
    .prepare('insert into satchel_changes (tbl,op,key,new,old,version,hold,suspect) values (?,?,?,?,?,?,?,?)')
    .run([
      local.name,
      after ? (before ? 'update' : 'insert') : 'delete',
      key,
      after && JSON.stringify(after),
      before && JSON.stringify(before),
      shown?.version ?? null,
      shown?.hold ?? null,
      suspect ? 1 : 0,
    ]);
};

/**
 * What the person has dealt with. Its seq stays told to the server as settled: else
 * later mutations that fail there would wait for it for ever.
 */
const forget = (context: EngineContext, entry: Entry): void => {
  freeBlocked(context, entry.mutationId);
  context.db
    .prepare(
      "update satchel_outbox set state = 'settled', problem = null, body = iif(outcome is null, null, body) where position = ?",
    )
    .run([entry.position]);
};

export const discardQuarantined = (context: EngineContext, mutationId: string, dirty: RowSet): void => {
  const entry = quarantined(context, mutationId);
  // What waited for it has nothing to stand on: it is for the person to see, too.
  for (const orphan of entriesWhere(context, "state = 'blocked' and state <> 'settled' and blocked_by = ?", [
    mutationId,
  ])) {
    const row = orphan.range && changesInRange(context, orphan.range)[0];
    const params = { table: row?.table ?? '', key: row?.key ?? '' };
    quarantineEntry(context, orphan, { code: 'row_missing', params }, dirty);
  }
  forget(context, entry);
};

const exportLines = (entries: readonly Entry[], bodyOf: (entry: Entry) => string): string =>
  entries.map((entry) => `${bodyOf(entry)}\n`).join('');

/** One mutation a line, to the letter as it was, or would have been, sent. */
export const exportQuarantined = (context: EngineContext, mutationIds?: readonly string[]): string => {
  const entries = entriesWhere(context, "state = 'quarantined' and state <> 'settled' order by position");
  const wanted = mutationIds && new Set(mutationIds);
  return exportLines(
    entries.filter(({ mutationId }) => !wanted || wanted.has(mutationId)),
    (entry) => entry.body ?? '',
  );
};

/** All that is not on the server yet, quarantine included. What was never sent may still change: it is not frozen. */
export const exportUnsettled = (context: EngineContext): string =>
  exportLines(entriesWhere(context, "state <> 'settled' order by position"), (entry) => {
    if (entry.body !== null) return entry.body;
    return JSON.stringify(
      frozenMutation(context, entry, entry.range ? changesInRange(context, entry.range) : []),
    );
  });
