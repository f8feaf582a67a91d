import { parseSnapshot } from '@satchel/core';
import type { EntryPlace } from '@satchel/protocol';
import type { Queryable } from '../postgres/database.ts';
import type { Fill } from './position.ts';
import type { ReaderView } from './reader-view.ts';
import {
  type GatheredRow,
  gatheringOf,
  MISSING,
  PASSES,
  type RowBlock,
  statementName,
  type WantedRow,
} from './rows.ts';

/** The next entries of a running copy with their rows, from one statement. */
export interface CopyRead {
  readonly blocks: readonly RowBlock[];
  /** Rows that are there and do not pass the filter, with their tables' numbers. */
  readonly outside: readonly (WantedRow & { readonly tableId: number })[];
  /** Entries that say present where there is no row in this snapshot (rule 48). */
  readonly missing: readonly (WantedRow & { readonly tableId: number })[];
  /** Entries that were walked. */
  readonly count: number;
  /** Where the walk then stands; absent where there was none. */
  readonly last?: EntryPlace;
  readonly bytes: number;
}

/** Sorts before every entry. */
const START: EntryPlace = ['0', -1, ''];
/** The row that says how far the walk came: count, transaction, key. */
const WALKED = -1;

type CopyRow =
  | (GatheredRow & { readonly tableId: number })
  | {
      readonly tableId: number;
      readonly state: typeof WALKED;
      readonly rows: number;
      readonly keys: string;
      readonly versions: string;
    };

/**
 * The rows present in a scope and untouched since `fill.to`, in the order of the walk:
 * at most `limit` of them. One statement walks the entries, reads their rows and
 * gathers them: keys do not travel to the server's process and back. Measured against
 * two statements: see `docs/performance.md`.
 */
export const readCopy = async (
  tx: Queryable,
  view: ReaderView,
  scope: string,
  fill: Fill,
  limit: number,
): Promise<CopyRead> => {
  const { xmax, xip } = parseSnapshot(fill.to);
  const [xid, tableId, key] = fill.at ?? START;
  const statement = statementOf(view, fill.now);
  const { rows } = await tx.query<CopyRow>(
    statement.text,
    [scope, String(xmax), xip.map(String), xid, tableId, key, fill.now, limit, ...statement.parameters],
    statement.name,
  );
  const blocks: RowBlock[] = [];
  const outside: CopyRead['outside'][number][] = [];
  const missing: CopyRead['missing'][number][] = [];
  let walked: Pick<CopyRead, 'count' | 'last'> = { count: 0 };
  let bytes = 0;
  for (const row of rows) {
    if (row.state === WALKED) {
      walked = { count: row.rows, last: [row.versions, row.tableId, row.keys] };
    } else if (row.state === PASSES) {
      const { keys, versions, columns } = row;
      bytes += keys.length + versions.length + columns.length;
      const table = view.tables.get(row.tableId)!;
      blocks.push({ scope, view: table, rows: row.rows, keys, versions, columns });
    } else {
      const keys = JSON.parse(row.keys) as string[];
      const versions = JSON.parse(row.versions) as number[];
      const list = row.state === MISSING ? missing : outside;
      for (const [index, one] of keys.entries())
        list.push({ tableId: row.tableId, scope, key: one, version: versions[index]! });
    }
  }
  return { blocks, outside, missing, ...walked, bytes };
};

interface Statement {
  readonly text: string;
  readonly parameters: readonly string[];
  /** Only for texts that many readers share. */
  readonly name: string | undefined;
}

const statements = new WeakMap<ReaderView, Map<string, Statement>>();

const statementOf = (view: ReaderView, tableIds: readonly number[]): Statement => {
  const known = statements.get(view) ?? new Map<string, Statement>();
  statements.set(view, known);
  const name = tableIds.join();
  let statement = known.get(name);
  if (!statement) {
    statement = buildStatement(view, tableIds);
    known.set(name, statement);
  }
  return statement;
};

/**
 * Rows of a block, and so of a line. Longer answers are put together piece by piece
 * where they arrive, in memory that is then thrown away: ten times their size at 1,000
 * rows of 300 bytes.
 */
const BLOCK_ROWS = 200;
/** What the walk itself binds; parameters of filters follow. */
const WALK_PARAMETERS = 8;

/**
 * The entries are walked once. OFFSET 0 keeps the planner from turning the look-up of
 * each row by its key into a join, whose cached plan would read the whole table. The
 * key goes through its output form because the columns of a key have a collation of
 * their own, which must decide for the index to serve.
 */
const buildStatement = (view: ReaderView, tableIds: readonly number[]): Statement => {
  const parameters: string[] = [];
  const arms = tableIds.map((tableId) => {
    const first = WALK_PARAMETERS + parameters.length + 1;
    const gathering = gatheringOf(view.tables.get(tableId)!, first);
    parameters.push(...gathering.parameters);
    const { relation, state, read, gathered, match } = gathering;
    return `
      select ${tableId}::int as "tableId", r.state, ${gathered}
      from (
        select ${['e.block', 'e.key', 'e.version', `${state} as state`, ...read].join(', ')}
        from e
        left join lateral (
          select t.* from ${relation} t where ${match('textin(textout(e.key))')} offset 0
        ) t on true
        where e.table_id = ${tableId}
      ) r
      group by r.block, r.state`;
  });
  const text = `
    with e as materialized (
      select e.xid, e.table_id, e.key, e.version,
        (row_number() over (order by e.xid, e.table_id, e.key) - 1) / ${BLOCK_ROWS} as block
      from satchel.entries e
      where e.scope = $1 and e.present
        and e.xid < $2::xid8 and not e.xid = any($3::xid8[])
        and (e.xid, e.table_id, e.key) > ($4::xid8, $5::smallint, $6)
        and e.table_id = any($7::smallint[])
      order by e.xid, e.table_id, e.key
      limit $8
    )
    ${arms.join(' union all ')}
    union all
    (select e.table_id::int, ${WALKED}, (select count(*)::int from e), e.key, e.xid::text, ''
     from e order by e.xid desc, e.table_id desc, e.key desc limit 1)`;
  return {
    text,
    parameters,
    name: parameters.length === 0 ? statementName('copy', text) : undefined,
  };
};
