import { foldImages, type Images, opOf, rowName } from '@satchel/core';
import { type Op, SatchelError, type Values } from '@satchel/protocol';
import type { SqlRow } from '../database/driver.ts';
import type { LocalTable } from '../database/local-table.ts';
import { readRow } from '../database/rows.ts';
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
  /** It is not what capture wrote: several effects were folded. */
  readonly folded: boolean;
}

export interface Folded {
  readonly net: readonly NetChange[];
  /** Captured changes that say nothing any more. */
  readonly dropped: readonly number[];
}

/**
 * Changes after `mark` that must be looked at one by one: what SQL could not tell to be
 * good, and rows that were touched more than once or had pending changes before.
 */
export const specialChanges = ({ db }: EngineContext, mark: number): SqlRow[] =>
  db
    .prepare(
      'select change_id,tbl,op,key,new,old,version,hold from satchel_changes c where change_id > ? and ' +
        '(suspect <> 0 or exists (select 1 from satchel_changes p ' +
        'where p.tbl = c.tbl and p.key = c.key and p.change_id <> c.change_id)) order by change_id',
    )
    .all([mark]);

/**
 * Several effects on one row of one local transaction as one, on the first base: a
 * delete and an insert are an update, an insert and a delete are nothing (rule 58).
 */
export const foldCaptured = (context: EngineContext, captured: readonly SqlRow[]): Folded => {
  const byRow = new Map<string, SqlRow[]>();
  for (const row of captured) {
    const name = rowName(row.tbl as string, row.key as string);
    const rows = byRow.get(name);
    if (rows) rows.push(row);
    else byRow.set(name, [row]);
  }
  const net: NetChange[] = [];
  const dropped: number[] = [];
  for (const rows of byRow.values()) {
    const first = rows[0]!;
    const images = foldRow(context, rows);
    dropped.push(...rows.slice(1).map(({ change_id }) => change_id as number));
    const op = images === 'vanishes' ? undefined : opOf(images);
    if (images === 'vanishes' || op === undefined) {
      dropped.push(first.change_id as number);
      continue;
    }
    net.push({
      changeId: first.change_id as number,
      local: tableOf(context, first),
      op,
      key: first.key as string,
      new: images.after,
      old: images.before,
      version: first.version as number | null,
      hold: first.hold as number | null,
      folded: rows.length > 1,
    });
  }
  return { net, dropped };
};

const tableOf = (context: EngineContext, row: SqlRow): LocalTable => context.tables.get(row.tbl as string)!;

const foldRow = (context: EngineContext, rows: readonly SqlRow[]): Images | 'vanishes' => {
  const afterInsert = (index: number): Values | null => {
    const next = rows[index + 1];
    if (next) return parsed(next.old);
    const row = rows[index]!;
    const local = tableOf(context, row);
    const key = row.key as string;
    const inserted = readRow(context, local, key);
    // SQLite lets a key be null; such a row cannot be found by it.
    if (!inserted)
      throw new SatchelError('value_required', { table: local.name, column: nullPart(local, key), key });
    return inserted.values;
  };
  let folded: Images | 'vanishes' = 'vanishes';
  for (const [index, row] of rows.entries()) {
    const images: Images = {
      before: parsed(row.old),
      after: row.op === 'insert' ? afterInsert(index) : afterUpdate(row),
    };
    folded = folded === 'vanishes' ? images : foldImages(folded, images);
  }
  return folded;
};

/** An update says what differs from before; a delete leaves nothing. */
const afterUpdate = (row: SqlRow): Values | null => {
  const written = parsed(row.new);
  return written && { ...parsed(row.old), ...written };
};

const nullPart = ({ keyColumns }: LocalTable, key: string): string => {
  const at = keyColumns.length === 1 ? 0 : (JSON.parse(key) as unknown[]).indexOf(null);
  return keyColumns[Math.max(0, at)]!.name;
};

const parsed = (text: SqlRow[string] | undefined): Values | null =>
  typeof text === 'string' ? (JSON.parse(text) as Values) : null;
