import type { Column } from '@satchel/core';
import type { Table } from '@satchel/schema';
import { type Relation, readRelationFacts, relationOf } from '../../capture/relation.ts';
import { type CatalogTable, catalogKey, readCatalog } from '../../postgres/catalog.ts';
import type { Finding } from '../finding.ts';
import type { DoctorCase } from './doctor-case.ts';

/** The app's tables: there, open to us, no finer than their columns say, their parents bound by real foreign keys. */
export const checkTables = async ({ db, app }: DoctorCase): Promise<readonly Finding[]> => {
  const tables = Object.values(app.tables).map((table) => ({ table, relation: relationOf(table) }));
  const catalog = await readCatalog(
    db,
    tables.map(({ relation }) => relation),
  );
  const findings: Finding[] = [];
  for (const { table, relation } of tables) {
    const found = catalog.get(catalogKey(relation.schema, relation.name));
    if (found === undefined) {
      findings.push({
        code: 'table-missing',
        severity: 'error',
        where: relation.sql,
        what: 'There is no such table.',
        remedy: 'Run satchel migrate, or correct the name in the app.',
      });
      continue;
    }
    findings.push(
      ...(await missingRights({ db }, relation)),
      ...(await hiddenRows({ db }, relation)),
      ...finerColumns(table, relation, found),
      ...unsafeParents(app.tables, table, relation, found),
    );
  }
  return findings;
};

const RIGHTS = ['select', 'insert', 'update', 'delete'] as const;

const missingRights = async ({ db }: Pick<DoctorCase, 'db'>, relation: Relation): Promise<Finding[]> => {
  const { rows } = await db.query<{ missing: string[] }>(
    `select coalesce(array_agg(r.name) filter (where not has_table_privilege(to_regclass($1), r.name)), '{}') as missing
       from unnest($2::text[]) as r(name)`,
    [relation.sql, RIGHTS],
  );
  const missing = rows[0]?.missing ?? [];
  if (missing.length === 0) return [];
  return [
    {
      code: 'right-missing',
      severity: 'error',
      where: relation.sql,
      what: `Satchel's role may not ${missing.join(', ')}.`,
      remedy: `grant ${missing.join(', ')} on ${relation.sql} to that role.`,
    },
  ];
};

const hiddenRows = async ({ db }: Pick<DoctorCase, 'db'>, relation: Relation): Promise<Finding[]> => {
  const facts = await readRelationFacts(db, relation);
  if (facts?.hidesRows !== true) return [];
  return [
    {
      code: 'rows-hidden',
      severity: 'error',
      where: relation.sql,
      what: 'Row level security hides rows from the role that Satchel runs as.',
      remedy: 'Let that role own the table without FORCE ROW LEVEL SECURITY, or give it BYPASSRLS.',
    },
  ];
};

const finerColumns = (table: Table, relation: Relation, found: CatalogTable): Finding[] => {
  const types = new Map(found.columns.map(({ name, type }) => [name, type]));
  return Object.values(table.columns).flatMap((column): Finding[] => {
    const type = types.get(relation.columnName(column.name));
    const why = type === undefined ? undefined : finerThanCanonical(column, type);
    if (why === undefined) return [];
    return [
      {
        code: 'column-finer',
        severity: 'warning',
        where: `${relation.sql}.${relation.columnName(column.name)}`,
        what: `${type} is finer than ${column.type}: ${why}`,
        remedy: 'Narrow the column, or see that nobody writes what the canonical form cannot say.',
      },
    ];
  });
};

/** What is lost when a value of the PostgreSQL type is told in the column's canonical form; `undefined` if nothing. */
export const finerThanCanonical = (column: Pick<Column, 'type'>, type: string): string | undefined => {
  const timestamp = /^timestamp(?:\((\d)\))? with(?:out)? time zone$/.exec(type);
  switch (column.type) {
    case 'timestamp':
    case 'modifiedAt':
      return timestamp !== null && Number(timestamp[1] ?? 6) > 3
        ? 'times are told in milliseconds.'
        : undefined;
    case 'date':
      return timestamp !== null ? 'the time of day is not told.' : undefined;
    case 'real':
      return type.startsWith('numeric') ? 'digits beyond the 15th are not told.' : undefined;
    case 'integer':
    case 'counter':
    case 'serverId':
      return type.startsWith('numeric') ? 'fractions and numbers beyond 2^53 are not told.' : undefined;
    default:
      return undefined;
  }
};

const unsafeParents = (
  tables: Readonly<Record<string, Table>>,
  table: Table,
  relation: Relation,
  found: CatalogTable,
): Finding[] =>
  table.scopes.flatMap((rule): Finding[] => {
    if (rule.kind !== 'via') return [];
    const parent = tables[rule.table];
    if (parent === undefined) return [];
    const columns = rule.columns.map((name) => relation.columnName(name));
    const target = relationOf(parent);
    const key = found.constraints.find(
      (constraint) =>
        constraint.kind === 'foreign-key' &&
        constraint.references?.schema === target.schema &&
        constraint.references.table === target.name &&
        constraint.columns.length === columns.length &&
        columns.every((column) => constraint.columns.includes(column)),
    );
    const nullable = found.columns.filter(({ name, notNull }) => columns.includes(name) && !notNull);
    const fault =
      key === undefined
        ? 'there is no foreign key to it'
        : !key.validated
          ? 'its foreign key is not validated'
          : nullable.length > 0
            ? `${nullable.map(({ name }) => name).join(', ')} may be null`
            : undefined;
    if (fault === undefined) return [];
    return [
      {
        code: 'via-unsafe',
        severity: 'error',
        where: `${relation.sql} (${columns.join(', ')})`,
        what: `Rows take their scope from ${target.sql}, but ${fault}: a row could stay in a scope that is not its own.`,
        remedy: 'Add a foreign key, validate it, and make the columns NOT NULL.',
      },
    ];
  });
