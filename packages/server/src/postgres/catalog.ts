import type { Queryable } from './database.ts';
import type { Constraint } from './pg-errors.ts';

/** A column as PostgreSQL has it. */
export interface CatalogColumn {
  readonly name: string;
  /** As `format_type` prints it, for example `timestamp(3) with time zone`. */
  readonly type: string;
  readonly notNull: boolean;
  /** Also true for identity and generated columns. */
  readonly hasDefault: boolean;
  readonly identity: boolean;
  readonly generated: boolean;
}

export interface CatalogConstraint extends Constraint {
  readonly deferrable: boolean;
  readonly validated: boolean;
  /** Of a foreign key; PostgreSQL's words in kebab-case. */
  readonly onDelete?: 'no-action' | 'restrict' | 'cascade' | 'set-null' | 'set-default';
}

export interface CatalogIndex {
  readonly name: string;
  /** Only the columns; an expression in it leaves the list empty. */
  readonly columns: readonly string[];
  readonly unique: boolean;
  readonly partial: boolean;
}

export interface CatalogTable {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'partitioned' | 'other';
  readonly columns: readonly CatalogColumn[];
  readonly constraints: readonly CatalogConstraint[];
  /** Without those that stand behind a constraint. */
  readonly indexes: readonly CatalogIndex[];
  /** Row triggers of ours, see `touch-trigger.ts`. */
  readonly touchTriggers: readonly string[];
}

/** Tables by `schema.table`. */
export type Catalog = ReadonlyMap<string, CatalogTable>;

export const catalogKey = (schema: string, table: string): string => `${schema}.${table}`;

/** What PostgreSQL has of the named tables; those that do not exist are absent. */
export const readCatalog = async (
  db: Queryable,
  names: readonly { readonly schema: string; readonly name: string }[],
): Promise<Catalog> => {
  const { rows } = await db.query<CatalogTable>(TABLES, [
    names.map(({ schema }) => schema),
    names.map(({ name }) => name),
  ]);
  return new Map(rows.map((table) => [catalogKey(table.schema, table.name), table]));
};

/**
 * All constraints and unique indexes of the named schemas, for `databaseFact`. Read
 * again after the structure of the database changed.
 */
export const readConstraints = async (
  db: Queryable,
  schemas: readonly string[] = ['public'],
): Promise<readonly Constraint[]> => {
  const { rows } = await db.query<Constraint>(CONSTRAINTS, [schemas]);
  return rows;
};

const CONSTRAINT_KIND = `case c.contype when 'p' then 'primary-key' when 'u' then 'unique' when 'f' then 'foreign-key'
  when 'x' then 'exclusion' else 'check' end`;

const columnNames = (relation: string, numbers: string): string => `
  coalesce((select json_agg(a.attname order by k.place)
    from unnest(${numbers}) with ordinality k(number, place)
    join pg_attribute a on a.attrelid = ${relation} and a.attnum = k.number), '[]')`;

const REFERENCED = `case when c.contype = 'f' then json_build_object(
  'schema', (select n.nspname from pg_class r join pg_namespace n on n.oid = r.relnamespace where r.oid = c.confrelid),
  'table', (select r.relname from pg_class r where r.oid = c.confrelid),
  'columns', ${columnNames('c.confrelid', 'c.confkey')}) end`;

const TABLES = `
select n.nspname as schema, t.relname as name,
  case t.relkind when 'r' then 'table' when 'p' then 'partitioned' else 'other' end as kind,
  coalesce((
    select json_agg(json_build_object(
      'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
      'hasDefault', a.atthasdef or a.attidentity <> '', 'identity', a.attidentity <> '',
      'generated', a.attgenerated <> '') order by a.attnum)
    from pg_attribute a
    where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
  coalesce((
    select json_agg(json_strip_nulls(json_build_object(
      'kind', ${CONSTRAINT_KIND}, 'schema', n.nspname, 'table', t.relname, 'name', c.conname,
      'columns', ${columnNames('c.conrelid', 'c.conkey')},
      'deferrable', c.condeferrable, 'validated', c.convalidated,
      'onDelete', case when c.contype = 'f' then case c.confdeltype when 'a' then 'no-action'
        when 'r' then 'restrict' when 'c' then 'cascade' when 'n' then 'set-null' else 'set-default' end end,
      'references', ${REFERENCED})) order by c.conname)
    from pg_constraint c
    where c.conrelid = t.oid and c.contype in ('p', 'u', 'f', 'x', 'c')), '[]') as constraints,
  coalesce((
    select json_agg(json_build_object(
      'name', i.relname, 'unique', x.indisunique, 'partial', x.indpred is not null,
      'columns', case when x.indexprs is null
        then ${columnNames('x.indrelid', '(x.indkey::int2[])[0:x.indnkeyatts - 1]')} else '[]'::json end) order by i.relname)
    from pg_index x
    join pg_class i on i.oid = x.indexrelid
    where x.indrelid = t.oid and x.indisvalid
      and not exists (select from pg_constraint c where c.conindid = x.indexrelid and c.conrelid = t.oid)), '[]') as indexes,
  coalesce((
    select json_agg(g.tgname order by g.tgname)
    from pg_trigger g
    join pg_proc p on p.oid = g.tgfoid
    join pg_namespace f on f.oid = p.pronamespace
    where g.tgrelid = t.oid and f.nspname = 'satchel' and p.proname ~ '^touch_'), '[]') as "touchTriggers"
from unnest($1::text[], $2::text[]) wanted(schema, name)
join pg_namespace n on n.nspname = wanted.schema
join pg_class t on t.relnamespace = n.oid and t.relname = wanted.name and t.relkind in ('r', 'p', 'v', 'm', 'f')`;

const CONSTRAINTS = `
select ${CONSTRAINT_KIND} as kind, n.nspname as schema, t.relname as "table", c.conname as name,
  ${columnNames('c.conrelid', 'c.conkey')} as columns, ${REFERENCED} as "references"
from pg_constraint c
join pg_class t on t.oid = c.conrelid
join pg_namespace n on n.oid = t.relnamespace
where n.nspname = any($1) and c.contype in ('p', 'u', 'f', 'x', 'c')
union all
select 'unique', n.nspname, t.relname, i.relname,
  case when x.indexprs is null then ${columnNames('x.indrelid', '(x.indkey::int2[])[0:x.indnkeyatts - 1]')} else '[]'::json end,
  null
from pg_index x
join pg_class i on i.oid = x.indexrelid
join pg_class t on t.oid = x.indrelid
join pg_namespace n on n.oid = t.relnamespace
where n.nspname = any($1) and x.indisunique
  and not exists (select from pg_constraint c where c.conindid = x.indexrelid)`;
