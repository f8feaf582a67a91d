import { parseSnapshot } from '@satchel/core';
import type { EntryPlace } from '@satchel/protocol';
import type { Queryable } from '../postgres/database.ts';
import { beganAfter, ofRunning } from './unseen.ts';

/** What last happened to one row in one scope. */
export interface Entry {
  readonly scope: string;
  readonly tableId: number;
  readonly key: string;
  readonly xid: string;
  readonly version: number;
  readonly present: boolean;
  readonly deleted: boolean;
  /** The client whose push wrote it; absent for plain SQL, and in copies, where nobody asks. */
  readonly writer?: string | null;
}

const COLUMNS = `e.scope, e.table_id as "tableId", e.key, e.xid::text as xid, e.version, e.present, e.deleted`;

/** As `COLUMNS`; the writer is in no index, and is read where few rows are. */
const WITH_WRITER = `${COLUMNS}, e.writer`;

/** Sorts before every entry. */
const START: EntryPlace = ['0', -1, ''];

/**
 * Text of `entriesSince`. Parameters: scopes, the first transaction after the snapshot,
 * the limit of all, table numbers, the limit of a scope; `running` names that of the
 * transactions which were running then, if any.
 */
export const entriesText = (running: string | undefined): string => {
  const arm = (condition: string): string => `
     select ${WITH_WRITER}
     from satchel.entries e
     where e.scope = s.scope and ${condition} and e.table_id = any($4::smallint[])
     limit $5`;
  const after = `(${arm(beganAfter('e.xid', '$2'))})`;
  const arms =
    running === undefined ? after : `${after} union all (${ofRunning('e.xid', running, '$2', arm)})`;
  return `select c.scope, c."tableId", c.key, c.xid, c.version, c.present, c.deleted, c.writer
     from unnest($1::text[]) as s(scope)
     cross join lateral (${arms}) c
     limit $3`;
};

/**
 * Entries of some scopes that the snapshot `since` does not see, in no order: at most
 * `limit` of them, of each scope and transaction at most about `perScope`. The two arms are together
 * exactly "not visible in the snapshot", and cost what changed, not what is open (rule 41).
 */
export const entriesSince = async (
  tx: Queryable,
  scopes: readonly string[],
  since: string,
  tableIds: readonly number[],
  limit: number,
  perScope: number = limit,
): Promise<Entry[]> => {
  const { xmax, xip } = parseSnapshot(since);
  const parameters: unknown[] = [scopes, String(xmax), limit, tableIds, perScope];
  if (xip.length > 0) parameters.push(xip.map(String));
  const { rows } = await tx.query<Entry>(
    entriesText(xip.length > 0 ? '$6' : undefined),
    parameters,
    xip.length > 0 ? 'entries_since_running' : 'entries_since',
  );
  return rows;
};

/**
 * The next entries of one scope that `since` does not see and `to` does, in the order
 * of the walk: how a large delta goes on to its target.
 */
export const entriesBetween = async (
  tx: Queryable,
  scope: string,
  since: string,
  to: string,
  at: EntryPlace | undefined,
  tableIds: readonly number[],
  limit: number,
): Promise<Entry[]> => {
  const start = parseSnapshot(since);
  const target = parseSnapshot(to);
  const [xid, tableId, key] = at ?? START;
  const { rows } = await tx.query<Entry>(
    `select ${COLUMNS}
     from (
       (select e.scope, e.table_id, e.key, e.xid, e.version, e.present, e.deleted from satchel.entries e
        where e.scope = $1 and e.xid = any($2::xid8[])
          and (e.xid, e.table_id, e.key) > ($6::xid8, $7::smallint, $8)
          and e.table_id = any($9::smallint[]) and e.xid < $4::xid8 and not e.xid = any($5::xid8[])
        order by e.xid, e.table_id, e.key limit $10)
       union all
       (select e.scope, e.table_id, e.key, e.xid, e.version, e.present, e.deleted from satchel.entries e
        where e.scope = $1 and e.xid >= $3::xid8
          and (e.xid, e.table_id, e.key) > ($6::xid8, $7::smallint, $8)
          and e.table_id = any($9::smallint[]) and e.xid < $4::xid8 and not e.xid = any($5::xid8[])
        order by e.xid, e.table_id, e.key limit $10)
     ) e
     order by e.xid, e.table_id, e.key
     limit $10`,
    [
      scope,
      start.xip.map(String),
      String(start.xmax),
      String(target.xmax),
      target.xip.map(String),
      xid,
      tableId,
      key,
      tableIds,
      limit,
    ],
    'entries_between',
  );
  return rows;
};

/** Rows present by scope, for progress bars. */
export const countPresent = async (
  tx: Queryable,
  scopes: readonly string[],
  tableIds: readonly number[],
): Promise<ReadonlyMap<string, number>> => {
  const { rows } = await tx.query<{ scope: string; rows: number }>(
    `select s.scope, c.rows
     from unnest($1::text[]) as s(scope)
     cross join lateral (
       select count(*) as rows from satchel.entries e
       where e.scope = s.scope and e.present and e.table_id = any($2::smallint[])
     ) c`,
    [scopes, tableIds],
    'count_present',
  );
  return new Map(rows.map(({ scope, rows: count }) => [scope, count]));
};
