import type { OwnLine, PatchLine, Values } from '@satchel/protocol';
import type { SqlValue } from '../database/driver.ts';
import type { LocalTable } from '../database/local-table.ts';
import { keyParameters, putRow, readRow, readRowState, setRowHold } from '../database/rows.ts';
import type { EngineContext } from '../engine-context.ts';
import { isPending, type RowSet } from '../outbox/pending.ts';
import { readBase, writeBase } from './base.ts';
import { erasedAfter } from './erased.ts';
import { addHold, holdNumber, staleNumbers } from './holds.ts';
import { unsureKeys } from './unsure.ts';

/** A page stands on a row that this device does not hold so: none of it is taken, and it is asked for whole. */
export class NotHeldSo extends Error {
  override name = 'NotHeldSo';
}

interface Taking {
  readonly context: EngineContext;
  readonly local: LocalTable;
  readonly number: number;
  readonly stale: readonly number[];
  readonly dirty: RowSet;
}

const takingOf = (
  context: EngineContext,
  local: LocalTable,
  line: OwnLine | PatchLine,
  dirty: RowSet,
): Taking => ({
  context,
  local,
  number: holdNumber(context, line.scope, local.name),
  stale: staleNumbers(context, line.scope, local.name),
  dirty,
});

const somePending = ({ db }: EngineContext, table: string): boolean =>
  db.prepare('select 1 as found from satchel_changes where tbl = ? limit 1').get([table]) !== undefined;

/**
 * Rows that this device wrote itself, of which the page says the versions alone: they get
 * their hold. To be called when the outcomes of the page are settled, which give them
 * their versions.
 *
 * @throws `NotHeldSo`
 */
export const takeOwn = (context: EngineContext, local: LocalTable, line: OwnLine, dirty: RowSet): void => {
  const taking = takingOf(context, local, line, dirty);
  const { number, stale } = taking;
  const unsure = unsureKeys(context, local.name);
  const isErased = erasedAfter(context, local.name);
  const pending = somePending(context, local.name);
  const confirm = context.db.prepare(local.sql.confirm);
  const replaced = stale[0] ?? number;
  for (const [index, key] of line.keys.entries()) {
    const version = line.versions[index]!;
    if (isErased(key, version)) continue;
    if (unsure.has(key)) throw new NotHeldSo();
    // A row that is made anew at the end of the page takes its hold from its base.
    const isPlain = !dirty.has(local.name, key) && !(pending && isPending(context, local.name, key));
    const parameters: SqlValue[] = [number, ...keyParameters(local, key), version, number, replaced];
    if (isPlain && confirm.run(parameters) > 0) continue;
    const state = readBase(context, local.name, key) ?? readRowState(context, local, key);
    if (!state || state.version === null || state.version < version) throw new NotHeldSo();
    hold(taking, key);
  }
};

/**
 * Rows by the columns that are not as they were in the version here.
 *
 * @throws `NotHeldSo`
 */
export const takePatch = (
  context: EngineContext,
  local: LocalTable,
  line: PatchLine,
  dirty: RowSet,
): void => {
  const taking = takingOf(context, local, line, dirty);
  const unsure = unsureKeys(context, local.name);
  const isErased = erasedAfter(context, local.name);
  for (const [index, key] of line.keys.entries()) {
    const version = line.versions[index]!;
    if (isErased(key, version)) continue;
    if (unsure.has(key)) throw new NotHeldSo();
    const base = readBase(context, local.name, key);
    const state = base ?? readRowState(context, local, key);
    if (!state || state.version === null) throw new NotHeldSo();
    if (state.version < version) {
      if (state.version !== line.bases[index]) throw new NotHeldSo();
      if (base && !base.row) throw new NotHeldSo();
      const before = base?.row ?? readRow(context, local, key)!.values;
      const after: Record<string, Values[string]> = { ...before };
      for (const [name, values] of Object.entries(line.columns))
        if (Object.hasOwn(local.table.columns, name)) after[name] = values[index]!;
      if (base) writeBase(context, local.name, key, { ...base, version, row: after });
      else putRow(context, local, after, version, state.hold);
    }
    hold(taking, key);
  }
};

/** The scope holds the row, whatever is pending on it. */
const hold = ({ context, local, number, stale, dirty }: Taking, key: string): void => {
  const { name } = local;
  const base = readBase(context, name, key);
  const first = base ? base.hold : readRowState(context, local, key)!.hold;
  const held = addHold(context, name, key, first, number, stale);
  if (base) {
    if (held !== first) writeBase(context, name, key, { ...base, hold: held });
    dirty.add(name, key);
  } else if (held !== first) setRowHold(context, local, key, held);
};
