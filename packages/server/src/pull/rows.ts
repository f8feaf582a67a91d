import { createHash } from 'node:crypto';
import { type Column, type ColumnType, quoteIdentifier } from '@satchel/core';
import { relationOf } from '../capture/relation.ts';
import { readExpression } from '../postgres/columns.ts';
import type { Queryable } from '../postgres/database.ts';
import { keyMatch } from '../postgres/key-columns.ts';
import { quoteText } from '../postgres/quote.ts';
import { filterToSql } from './filter.ts';
import type { TableView } from './reader-view.ts';

/** One row to read, on behalf of one scope. */
export interface WantedRow {
  readonly scope: string;
  readonly key: string;
  readonly version: number;
}

/** Rows of one table for one scope, as the texts of JSON arrays that PostgreSQL made. */
export interface RowBlock {
  readonly scope: string;
  readonly view: TableView;
  readonly rows: number;
  readonly keys: string;
  readonly versions: string;
  /** An object of arrays, by column name in the order of the view. */
  readonly columns: string;
}

export interface RowsRead {
  readonly blocks: readonly RowBlock[];
  /** Rows that are there and do not pass the filter. */
  readonly outside: readonly WantedRow[];
  /** Entries that say present where there is no row in this snapshot (rule 48). */
  readonly missing: readonly WantedRow[];
  readonly bytes: number;
}

/** Reads rows by their keys, grouped by scope, in the order in which they are wanted. */
export const readRows = async (
  tx: Queryable,
  view: TableView,
  wanted: readonly WantedRow[],
): Promise<RowsRead> => {
  if (wanted.length === 0) return { blocks: [], outside: [], missing: [], bytes: 0 };
  const scopes = [...new Set(wanted.map(({ scope }) => scope))];
  const numbers = new Map(scopes.map((scope, number) => [scope, number]));
  const statement = rowsStatement(view);
  const { rows } = await tx.query<BlockRow>(
    statement.text,
    [
      wanted.map(({ scope }) => numbers.get(scope)),
      wanted.map(({ key }) => key),
      wanted.map(({ version }) => version),
      ...statement.parameters,
    ],
    statement.name,
  );
  const blocks: RowBlock[] = [];
  const outside: WantedRow[] = [];
  const missing: WantedRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    const scope = scopes[row.scope]!;
    if (row.state === PASSES) {
      const { keys, versions, columns } = row;
      bytes += keys.length + versions.length + columns.length;
      blocks.push({ scope, view, rows: row.rows, keys, versions, columns });
    } else {
      const keys = JSON.parse(row.keys) as string[];
      const versions = JSON.parse(row.versions) as number[];
      const list = row.state === MISSING ? missing : outside;
      for (const [index, key] of keys.entries()) list.push({ scope, key, version: versions[index]! });
    }
  }
  return { blocks, outside, missing, bytes };
};

export const PASSES = 0;
export const OUTSIDE = 1;
export const MISSING = 2;

/** Rows of one state, gathered. */
export interface GatheredRow {
  readonly state: typeof PASSES | typeof OUTSIDE | typeof MISSING;
  readonly rows: number;
  readonly keys: string;
  readonly versions: string;
  readonly columns: string;
}

interface BlockRow extends GatheredRow {
  readonly scope: number;
}

interface Statement {
  readonly text: string;
  readonly parameters: readonly string[];
  /** Only for texts that many readers share. */
  readonly name: string | undefined;
}

const statements = new WeakMap<TableView, Statement>();

const rowsStatement = (view: TableView): Statement => {
  let statement = statements.get(view);
  if (!statement) {
    statement = buildStatement(view);
    statements.set(view, statement);
  }
  return statement;
};

/**
 * A page is lines. PostgreSQL breaks the line between elements that are arrays, and a
 * column of type json keeps the breaks that it was written with; no string holds one raw.
 */
const gather = (type: ColumnType, source: string): string => {
  const text = `json_agg(${source})::text`;
  return type === 'set' || type === 'json' || type === 'media' ? `replace(${text}, chr(10), ' ')` : text;
};

/** How the rows of a view are read, as `t`, and gathered, out of `r`. */
export interface Gathering {
  readonly relation: string;
  /** Whether there is a row, and the filter lets it pass. */
  readonly state: string;
  /** What is read of a row: `c0`, `c1`, … */
  readonly read: readonly string[];
  /**
   * What is made of many: `rows`, `keys`, `versions`, `columns`. All aggregates of a
   * group take their input in one pass, so that the arrays of a block belong together
   * whatever the order is.
   */
  readonly gathered: string;
  readonly match: (key: string) => string;
  /** Of the filter, from `$first` on. */
  readonly parameters: readonly string[];
}

export const gatheringOf = ({ table, columns, filter: asked }: TableView, first: number): Gathering => {
  const relation = relationOf(table);
  const reference = (name: string): string => `t.${quoteIdentifier(relation.columnName(name))}`;
  const filter = filterToSql(table, asked, reference, first);
  const members = columns.map(
    ({ name, type }, index) =>
      `${quoteText(`${index === 0 ? '' : ','}${JSON.stringify(name)}:`)} || ${gather(type, `r.c${index}`)}`,
  );
  return {
    relation: relation.sql,
    state: `case when ${reference(table.primaryKey[0]!)} is null then ${MISSING}
             when ${filter.sql} then ${PASSES} else ${OUTSIDE} end`,
    read: columns.map((column, index) => `${jsonSource(column, reference(column.name))} as c${index}`),
    gathered: `count(*)::int as rows, json_agg(r.key)::text as keys, json_agg(r.version)::text as versions,
      ${["'{'", ...members, "'}'"].join(' || ')} as columns`,
    match: (key) => keyMatch(table, reference, key),
    parameters: filter.parameters,
  };
};

const buildStatement = (view: TableView): Statement => {
  const { relation, state, read, gathered, match, parameters } = gatheringOf(view, 4);
  const text = `
    select r.scope, r.state, ${gathered}
    from (
      select ${['w.scope', 'w.key', 'w.version', `${state} as state`, ...read].join(', ')}
      from unnest($1::int[], $2::text[], $3::bigint[]) with ordinality as w(scope, key, version, place)
      left join ${relation} t on ${match('w.key')}
      order by w.place
    ) r
    group by r.scope, r.state`;
  return { text, parameters, name: view.filter.length === 0 ? statementName('rows', text) : undefined };
};

/** By the text itself: views of two versions may have one hash and read other columns. */
export const statementName = (kind: string, text: string): string =>
  `${kind}_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;

/** A line is one line: a column of type `json` may hold line ends, `jsonb` writes none. */
const jsonSource = (column: Column, reference: string): string => {
  const read = readExpression(column, reference);
  return column.type === 'json' || column.type === 'media' ? `${read}::jsonb` : read;
};
