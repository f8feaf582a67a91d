import { layOver } from '@satchel/core';
import { putRow, readRowState, removeRow } from '../database/rows.ts';
import type { EngineContext } from '../engine-context.ts';
import { changesOfRow, keepInsertedImages, type RowAddress, toLayOver } from '../outbox/pending.ts';
import { deleteBase, readBase } from './base.ts';
import { dropHolds } from './holds.ts';

/**
 * Makes the visible row anew: its base with the pending changes laid over. Where
 * nothing is pending any more the base becomes the row, and is kept no longer.
 */
const rebaseRow = (context: EngineContext, { table, key }: RowAddress): void => {
  const local = context.tables.get(table);
  if (!local) return;
  const pending = changesOfRow(context, table, key);
  const base = readBase(context, table, key);
  if (pending.length > 0) {
    const values =
      base?.gone === 'left'
        ? null
        : layOver(
            local.table.columns,
            base?.row ?? null,
            pending.map((change) => toLayOver(local, change)),
            context.app.documents,
          );
    if (values) {
      putRow(context, local, values, base?.version ?? null, base?.hold ?? null);
      return;
    }
    keepInsertedImages(context, table, key);
    removeRow(context, local, key);
    return;
  }
  if (base) {
    deleteBase(context, table, key);
    if (base.row) {
      putRow(context, local, base.row, base.version, base.hold);
      return;
    }
  } else if (readRowState(context, local, key)?.version != null) {
    // Nothing was pending to begin with: the row itself is the base.
    return;
  }
  removeRow(context, local, key);
  dropHolds(context, table, key);
};

export const rebaseRows = (context: EngineContext, rows: Iterable<RowAddress>): void => {
  for (const row of rows) rebaseRow(context, row);
};
