import { foldImages, rowName } from '@satchel/core';
import type { Op, Values } from '@satchel/protocol';
import type { SqlRow } from '../database/driver.ts';
import type { LocalTable } from '../database/local-table.ts';
import type { EngineContext } from '../engine-context.ts';

/** The net effect of a local transaction on one row. */
export interface NetChange {
  /** The captured change that stays and says it. */
  readonly changeId: number;
  readonly local: LocalTable;
  readonly op: Op;
  readonly key: string;
  readonly new: Values | null;
  readonly old: Values | null;
  readonly version: number | null;
  readonly hold: number | null;
  /** The image after, as capture wrote it. */
  readonly newText: string | null;
  /** It is not what capture wrote: several effects were folded. */
  readonly folded: boolean;
}

export interface Folded {
  readonly net: readonly NetChange[];
  /** Captured changes that say nothing any more. */
  readonly dropped: readonly number[];
  /** Tables that were touched, also where nothing is left of it. */
  readonly tables: ReadonlySet<string>;
}

/** What a local transaction captured, after the change with id `mark`. */
export const capturedSince = ({ db }: EngineContext, mark: number): SqlRow[] =>
  db
    .prepare(
      'select change_id,tbl,op,key,new,old,version,hold from satchel_changes where change_id > ? order by change_id',
    )
    .all([mark]);

/**
 * Several effects on one row of one local transaction as one, on the first base: a
 * delete and an insert are an update, an insert and a delete are nothing (rule 58).
 */
export const foldCaptured = (context: EngineContext, captured: readonly SqlRow[]): Folded => {
  const tables = new Set<string>();
  const byRow = new Map<string, NetChange>();
  const dropped: number[] = [];
  for (const row of captured) {
    tables.add(row.tbl as string);
    const change = netFromRow(context, row);
    const name = rowName(change.local.name, change.key);
    const first = byRow.get(name);
    if (!first) {
      byRow.set(name, change);
      continue;
    }
    dropped.push(change.changeId);
    const images = foldImages(
      { before: first.old, after: first.new },
      { before: change.old, after: change.new },
    );
    if (images === 'vanishes') {
      dropped.push(first.changeId);
      byRow.delete(name);
      continue;
    }
    const op = images.before === null ? 'insert' : images.after === null ? 'delete' : 'update';
    byRow.set(name, {
      ...first,
      op,
      new: images.after,
      newText: change.newText,
      folded: true,
    });
  }
  return { net: [...byRow.values()], dropped, tables };
};

const netFromRow = (context: EngineContext, row: SqlRow): NetChange => {
  const newText = row.new as string | null;
  const oldText = row.old as string | null;
  return {
    changeId: row.change_id as number,
    local: context.tables.get(row.tbl as string)!,
    op: row.op as Op,
    key: row.key as string,
    new: newText === null ? null : (JSON.parse(newText) as Values),
    old: oldText === null ? null : (JSON.parse(oldText) as Values),
    version: row.version as number | null,
    hold: row.hold as number | null,
    newText,
    folded: false,
  };
};
