import type { Column } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import type { App, ForeignKey, Table } from '@satchel/schema';
import { relationOf } from '../../capture/relation.ts';
import { type Catalog, type CatalogColumn, type CatalogTable, catalogKey } from '../catalog.ts';
import { pgType } from '../columns.ts';
import { quote } from '../quote.ts';
import type { TableWarning } from './app-plan.ts';
import { isGiven } from './column-text.ts';
import { fitOf } from './fitting-types.ts';
import { isServed, sameList } from './reconcile.ts';

interface Misfit {
  readonly detail: string;
  readonly remedy: string;
}

/**
 * Checks that an existing table can be used as it is; Satchel changes nothing in it
 * but its triggers.
 *
 * @returns what works with a loss that an operator should know
 * @throws `adopt_unfit` naming all that does not fit
 */
export const checkAdoption = (app: App, table: Table, catalog: Catalog): TableWarning[] => {
  const relation = relationOf(table);
  const found = catalog.get(catalogKey(relation.schema, relation.name));
  if (!found || found.kind === 'other') {
    throw unfit(table, [
      found
        ? { detail: 'it is not a table', remedy: 'Adopt the table behind it.' }
        : {
            detail: `there is no ${relation.schema}.${relation.name}`,
            remedy: 'Create it, or correct its name in adopt.',
          },
    ]);
  }
  const misfits = [
    ...keyMisfits(table, found),
    ...Object.values(table.columns).flatMap((column) => columnMisfits(table, column, found)),
    ...unknownColumns(table, found),
    ...viaMisfits(app, table, found),
  ];
  if (misfits.length > 0) throw unfit(table, misfits);
  return [
    ...Object.values(table.columns).flatMap((column) => columnWarnings(table, column, found)),
    ...structureWarnings(app, table, found),
  ];
};

const unfit = (table: Table, misfits: readonly Misfit[]): SatchelError =>
  new SatchelError('adopt_unfit', {
    table: table.name,
    detail: misfits.map(({ detail }) => detail).join('; '),
    remedy: [...new Set(misfits.map(({ remedy }) => remedy))].join(' '),
  });

const named = (table: Table, columns: readonly string[]): string[] =>
  columns.map(relationOf(table).columnName);

const columnOf = (table: Table, column: Column, found: CatalogTable): CatalogColumn | undefined => {
  const name = relationOf(table).columnName(column.name);
  return found.columns.find((one) => one.name === name);
};

const sameSet = (a: readonly string[], b: readonly string[]): boolean => sameList(a.toSorted(), b.toSorted());

/** A primary key, or what is as good: unique, at once, never null. */
const keyMisfits = (table: Table, found: CatalogTable): Misfit[] => {
  const key = named(table, table.primaryKey);
  const isKey =
    found.constraints.some(
      ({ kind, columns, deferrable }) =>
        (kind === 'primary-key' || kind === 'unique') && !deferrable && sameSet(columns, key),
    ) || found.indexes.some(({ unique, partial, columns }) => unique && !partial && sameSet(columns, key));
  return isKey
    ? []
    : [
        {
          detail: `it has no primary key (${key.join(', ')})`,
          remedy: `Run: alter table ${relationOf(table).sql} add primary key (${key.map(quote).join(', ')}).`,
        },
      ];
};

const columnMisfits = (table: Table, column: Column, found: CatalogTable): Misfit[] => {
  const there = columnOf(table, column, found);
  const name = relationOf(table).columnName(column.name);
  if (!there) {
    return [
      { detail: `it has no column ${name}`, remedy: `Map ${column.name} in adopt.columns, or add it.` },
    ];
  }
  const misfits: Misfit[] = [];
  if (fitOf(column, there.type) === 'unfit') {
    misfits.push({
      detail: `${name} is ${there.type}, which cannot hold ${column.type}`,
      remedy: `Declare ${column.name} as a type that fits, or make the column ${pgType(column)}.`,
    });
  }
  if (there.generated) {
    misfits.push({ detail: `${name} is generated`, remedy: `Leave ${column.name} out of the app.` });
  }
  if (isGiven(column)) {
    if (column.type === 'serverId' && !there.hasDefault) {
      misfits.push({
        detail: `nothing gives ${name} its number`,
        remedy: `Make ${name} an identity column, or declare it integer().`,
      });
    }
    return misfits;
  }
  const isKey = table.primaryKey.includes(column.name);
  if (!column.nullable && !there.notNull && !isKey) {
    misfits.push({
      detail: `${name} may be null`,
      remedy: `Declare ${column.name} nullable, or make the column NOT NULL.`,
    });
  }
  if (isKey && !there.notNull) {
    misfits.push({ detail: `the key column ${name} may be null`, remedy: 'Make it NOT NULL.' });
  }
  if (column.nullable && there.notNull) {
    misfits.push({
      detail: `${name} is NOT NULL`,
      remedy: `Declare ${column.name} not nullable, or let the column be null.`,
    });
  }
  return misfits;
};

/** Columns that an insert must write and the app does not have. */
const unknownColumns = (table: Table, found: CatalogTable): Misfit[] => {
  if (table.access.operations.insert.length === 0) return [];
  const known = new Set(named(table, Object.keys(table.columns)));
  return found.columns
    .filter(({ name, notNull, hasDefault }) => !known.has(name) && notNull && !hasDefault)
    .map(({ name }) => ({
      detail: `an insert must write ${name}, which the app does not have`,
      remedy: `Add ${name} to the app, give it a default, or let nobody insert.`,
    }));
};

const referenceIn = (
  app: App,
  table: Table,
  key: Pick<ForeignKey, 'columns' | 'references'>,
  found: CatalogTable,
) => {
  const parent = app.tables[key.references]!;
  const { schema, name } = relationOf(parent);
  const columns = named(table, key.columns);
  return found.constraints.find(
    (one) =>
      one.kind === 'foreign-key' &&
      sameSet(one.columns, columns) &&
      one.references?.schema === schema &&
      one.references.table === name,
  );
};

/** A scope that comes from a parent stands on a foreign key that PostgreSQL vouches for (rule 49). */
const viaMisfits = (app: App, table: Table, found: CatalogTable): Misfit[] =>
  table.scopes.flatMap((rule) => {
    if (rule.kind !== 'via') return [];
    const columns = named(table, rule.columns);
    const parent = relationOf(app.tables[rule.table]!);
    const reference = referenceIn(app, table, { columns: rule.columns, references: rule.table }, found);
    const isFirm = columns.every((name) => found.columns.some((one) => one.name === name && one.notNull));
    if (reference?.validated && isFirm) return [];
    const list = columns.map(quote).join(', ');
    return [
      {
        detail: `its scope comes via (${columns.join(', ')}), which is not a validated NOT NULL foreign key to ${parent.schema}.${parent.name}`,
        remedy: `Run: alter table ${relationOf(table).sql} add foreign key (${list}) references ${parent.sql}; and make the columns NOT NULL.`,
      },
    ];
  });

const columnWarnings = (table: Table, column: Column, found: CatalogTable): TableWarning[] => {
  const there = columnOf(table, column, found)!;
  const fit = fitOf(column, there.type);
  return fit === 'finer' || fit === 'coarser'
    ? [{ table: table.name, column: column.name, kind: fit, detail: there.type }]
    : [];
};

const structureWarnings = (app: App, table: Table, found: CatalogTable): TableWarning[] => {
  const warnings: TableWarning[] = [];
  const warn = (kind: TableWarning['kind'], columns: readonly string[]): void => {
    warnings.push({ table: table.name, kind, detail: `(${columns.join(', ')})` });
  };
  for (const key of table.foreignKeys) {
    const columns = named(table, key.columns);
    const reference = referenceIn(app, table, key, found);
    if (!reference) warn('reference-missing', columns);
    else if (!reference.deferrable) warn('not-deferrable', columns);
    if (!isServed(found, columns)) warn('index-missing', columns);
  }
  for (const unique of table.unique) {
    const columns = named(table, unique);
    const there = found.constraints.find((one) => one.kind === 'unique' && sameSet(one.columns, columns));
    const asIndex = found.indexes.some(
      (index) => index.unique && !index.partial && sameSet(index.columns, columns),
    );
    if (!there && !asIndex) warn('unique-missing', columns);
    else if (!there?.deferrable) warn('not-deferrable', columns);
  }
  for (const index of table.indexes) {
    const columns = named(table, index);
    if (!isServed(found, columns)) warn('index-missing', columns);
  }
  return warnings;
};
