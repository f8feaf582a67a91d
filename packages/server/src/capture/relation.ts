import { columnToSql } from '@satchel/core';
import type { App, Table } from '@satchel/schema';
import type { Queryable } from '../postgres/database.ts';
import { quote } from '../postgres/quote.ts';

/** Where an app's table, or a plain one, is in PostgreSQL. */
export interface Relation {
  readonly schema: string;
  readonly name: string;
  /** Quoted, with its schema. */
  readonly sql: string;
  /** SQL name, unquoted, of a column. */
  readonly columnName: (column: string) => string;
  /** SQL of a column of the row that `alias` stands for. */
  readonly column: (alias: string, column: string) => string;
}

const relation = (schema: string, name: string, columnName: (column: string) => string): Relation => ({
  schema,
  name,
  sql: `${quote(schema)}.${quote(name)}`,
  columnName,
  column: (alias, column) => `${alias}.${quote(columnName(column))}`,
});

export const relationOf = (table: Table): Relation => {
  const { adopt } = table;
  if (adopt === undefined) return relation('public', columnToSql(table.name), columnToSql);
  return relation(adopt.schema, adopt.table, (column) => adopt.columns[column] ?? columnToSql(column));
};

/** A table that no client holds, named as PostgreSQL names it: `table` or `schema.table`. */
export const plainRelation = (name: string): Relation => {
  const dot = name.indexOf('.');
  const schema = dot === -1 ? 'public' : name.slice(0, dot);
  return relation(schema, dot === -1 ? name : name.slice(dot + 1), columnToSql);
};

/** A table that rules name: a synced one by its name in the app, else a plain one. */
export const namedRelation = (app: App, name: string): Relation => {
  const table = Object.hasOwn(app.tables, name) ? app.tables[name] : undefined;
  return table === undefined ? plainRelation(name) : relationOf(table);
};

/** What the catalogue says of a relation. */
export interface RelationFacts {
  readonly oid: string;
  /** The relation itself, then its partitions and heirs at any depth: each needs triggers of its own. */
  readonly parts: readonly { readonly oid: string; readonly sql: string }[];
  /** Row level security would hide rows from the owner of the trigger functions. */
  readonly hidesRows: boolean;
}

/** `undefined` when there is no such table. */
export const readRelationFacts = async (
  db: Queryable,
  { schema, name }: Relation,
): Promise<RelationFacts | undefined> => {
  const { rows } = await db.query<{
    oid: string;
    part_oids: string[];
    part_names: string[];
    hides_rows: boolean;
  }>(FACTS, [schema, name], 'capture_relation_facts');
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    oid: row.oid,
    parts: row.part_oids.map((oid, at) => ({ oid, sql: row.part_names[at] ?? '' })),
    hidesRows: row.hides_rows,
  };
};

const FACTS = `
with recursive root as (
  select c.oid, c.relowner, c.relrowsecurity, c.relforcerowsecurity
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p')
),
parts as (
  select oid, 0 as depth from root
  union all
  select i.inhrelid, p.depth + 1 from parts p join pg_catalog.pg_inherits i on i.inhparent = p.oid
)
select root.oid::text as oid,
  part.part_oids, part.part_names,
  root.relrowsecurity and not r.rolbypassrls and not r.rolsuper
    and (root.relforcerowsecurity or not pg_catalog.pg_has_role(root.relowner, 'usage')) as hides_rows
from root
join pg_catalog.pg_roles r on r.rolname = current_user
cross join lateral (
  select array_agg(p.oid::text order by p.depth, p.oid) as part_oids,
    array_agg(pg_catalog.format('%I.%I', n.nspname, c.relname) order by p.depth, p.oid) as part_names
  from parts p
  join pg_catalog.pg_class c on c.oid = p.oid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p')
) part`;
