import type { GoneLine, RowsLine, Values } from '@satchel/protocol';
import type { Parameter, SqlValue } from '../database/driver.ts';
import type { LocalTable } from '../database/local-table.ts';
import { keyParameters, putRow, readRowState, setRowHold, withKey } from '../database/rows.ts';
import { pickRows, runTogether } from '../database/rows-together.ts';
import { despiteUnique } from '../database/unique-indexes.ts';
import type { EngineContext } from '../engine-context.ts';
import { isPending, type RowSet } from '../outbox/pending.ts';
import { readBase, writeBase } from './base.ts';
import { erasedAfter, forgetGone, someErased } from './erased.ts';
import { addHold, holdNumber, releaseHold, staleNumbers } from './holds.ts';
import type { LeavingRows } from './leaving.ts';
import { forgetUnsure, noteUnsure, unsureKeys } from './unsure.ts';
import { noteView } from './view.ts';

interface Taking {
  readonly context: EngineContext;
  readonly local: LocalTable;
  readonly line: RowsLine;
  readonly number: number;
  readonly stale: readonly number[];
}

/**
 * Takes in rows present in a scope. Rows without pending work are one prepared
 * statement each, over the page's columns as they came. What is held otherwise, is
 * older, or is pending is looked at one by one.
 *
 * A row of the same version is taken too, for its columns may be others: one that this
 * device wrote itself while it could not see all of them comes back with all.
 *
 * `bare`: the table is without its triggers. With them, or with unique values, a
 * statement of many rows keeps a journal of its own, which costs more than it saves.
 */
export const takeRows = (
  context: EngineContext,
  local: LocalTable,
  line: RowsLine,
  dirty: RowSet,
  bare = false,
): void => {
  noteView(context, local, Object.keys(line.columns));
  const number = holdNumber(context, line.scope, local.name);
  const stale = staleNumbers(context, line.scope, local.name);
  const taking: Taking = { context, local, line, number, stale };
  // Before the rows are taken: what is passed over below is noted anew.
  forgetUnsure(context, local.name, unsureKeys(context, local.name), line.keys);
  const plain = plainRows(taking, dirty);
  const parameters: Parameter[] = [
    ...keyLists(local, line.keys),
    ...local.valueColumns.map(({ name, asIs, bind }): Parameter => {
      const values = line.columns[name];
      if (values === undefined) return null;
      return asIs ? (values as readonly SqlValue[]) : values.map(bind);
    }),
    line.versions,
    number,
    stale[0] ?? number,
  ];
  const chosen = plain ? parameters.map((parameter) => pickRows(parameter, plain)) : parameters;
  const rows = plain?.length ?? line.keys.length;
  const { take, takeTogether } = local.sql;
  const together = bare && local.table.unique.length === 0;
  // Rows that were taken before a clash of unique values are taken once more, as they were.
  const left = despiteUnique(context, local, () =>
    together
      ? runTogether(context.db, { one: take, together: takeTogether }, rows, chosen)
      : context.db.prepare(take).runEach(rows, chosen),
  );
  for (const at of left) takeOnShown(taking, plain ? plain[at]! : at);
};

/** Places of the rows that nothing local stands against; `null`: of all. The pending ones are taken here. */
const plainRows = (taking: Taking, dirty: RowSet): number[] | null => {
  const { context, local, line } = taking;
  const { keys, versions } = line;
  const erased = someErased(context, local.name);
  const somePending = context.db
    .prepare('select 1 as found from satchel_changes where tbl = ? limit 1')
    .get([local.name]);
  if (!erased && !somePending) return null;
  const isErased = erasedAfter(context, local.name);
  const plain: number[] = [];
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    // Read before this device's own deletion: the next delta tells of that.
    if (isErased(key, versions[index]!)) continue;
    if (somePending && isPending(context, local.name, key)) takeOnPending(taking, index, dirty);
    else plain.push(index);
  }
  return plain;
};

/** The parts of the keys, part by part. */
const keyLists = (local: LocalTable, keys: readonly string[]): Parameter[] => {
  if (local.keyColumns.length === 1) return [keys];
  const parts = keys.map((key) => keyParameters(local, key));
  return local.keyColumns.map((_, part) => parts.map((one) => one[part]!));
};

const valuesAt = ({ local, line }: Taking, index: number): Values => {
  const values: Record<string, Values[string]> = {};
  for (const { name } of local.valueColumns) values[name] = line.columns[name]?.[index] ?? null;
  return withKey(local, line.keys[index]!, values);
};

/** The row is there, newer than this one or held otherwise. */
const takeOnShown = (taking: Taking, index: number): void => {
  const { context, local, line, number, stale } = taking;
  const key = line.keys[index]!;
  const version = line.versions[index]!;
  const shown = readRowState(context, local, key)!;
  const hold = addHold(context, local.name, key, shown.hold, number, stale);
  if (version >= (shown.version ?? -1)) {
    putRow(context, local, valuesAt(taking, index), version, hold);
    return;
  }
  noteUnsure(context, local.name, key);
  if (hold !== shown.hold) setRowHold(context, local, key, hold);
};

/** The base takes it; the visible row is made anew when the page is in. */
const takeOnPending = (taking: Taking, index: number, dirty: RowSet): void => {
  const { context, local, line, number, stale } = taking;
  const { name } = local;
  const key = line.keys[index]!;
  const version = line.versions[index]!;
  const base = readBase(context, name, key);
  const hold = addHold(context, name, key, base?.hold ?? null, number, stale);
  dirty.add(name, key);
  if (base && version < base.version) {
    writeBase(context, name, key, { ...base, hold });
    noteUnsure(context, name, key);
    return;
  }
  writeBase(context, name, key, { version, hold, row: valuesAt(taking, index), gone: null });
};

/** Takes the scope's hold from rows that went from it. */
export const takeGone = (
  context: EngineContext,
  local: LocalTable,
  line: GoneLine,
  leaving: LeavingRows,
): void => {
  const { name } = local;
  const numbers = [holdNumber(context, line.scope, name), ...staleNumbers(context, line.scope, name)];
  forgetGone(context, line);
  for (const [index, key] of line.keys.entries()) {
    release(context, local, key, numbers);
    leaving.add({ table: name, key, reason: line.reasons[index]!, version: line.versions[index]! });
  }
};

/** Takes the numbers from the holds of one row. */
export const release = (
  context: EngineContext,
  local: LocalTable,
  key: string,
  numbers: readonly number[],
): void => {
  const base = readBase(context, local.name, key);
  const state = base ?? readRowState(context, local, key);
  if (!state) return;
  let hold = state.hold;
  for (const number of numbers) hold = releaseHold(context, local.name, key, hold, number);
  if (hold === state.hold) return;
  if (base) writeBase(context, local.name, key, { ...base, hold });
  // On screen too: where an outcome comes with the same page, the row is its own base again.
  setRowHold(context, local, key, hold);
};
