import { SatchelError } from '@satchel/protocol';
import { readRow } from '../database/rows.ts';
import type { RowState } from '../engine.ts';
import type { EngineContext } from '../engine-context.ts';
import { entryOfChange } from '../outbox/entry.ts';
import { changesOfRow } from '../outbox/pending.ts';
import { readBase } from '../pages/base.ts';

/** The state of one row, the gravest first: conflict, failed, pending, synced. */
export const readRowFacts = (context: EngineContext, table: string, key: string): RowState => {
  const local = context.tables.get(table);
  if (!local) throw new SatchelError('table_unknown', { table });
  const row = readRow(context, local, key);
  const pending = changesOfRow(context, table, key);
  const base = readBase(context, table, key);
  if (pending.length === 0) {
    return {
      state: row ? stateByConflict(context, table, key, 'synced') : 'absent',
      version: row?.version ?? null,
      base: row?.values ?? null,
    };
  }
  const states = new Set(pending.map(({ changeId }) => entryOfChange(context, changeId)?.state));
  const own =
    states.has('review') || base?.gone
      ? 'conflict'
      : states.has('failed') || states.has('blocked')
        ? 'failed'
        : 'pending';
  return {
    state: own === 'conflict' ? own : stateByConflict(context, table, key, own),
    version: base?.version ?? null,
    base: base?.row ?? null,
  };
};

const stateByConflict = (
  { db }: EngineContext,
  table: string,
  key: string,
  otherwise: RowState['state'],
): RowState['state'] => {
  const open = db
    .prepare(
      "select 1 as found from satchel_conflicts where tbl = ? and key = ? and state <> 'settled' limit 1",
    )
    .get([table, key]);
  return open ? 'conflict' : otherwise;
};
