import { type Column, type ColumnType, canonicalize } from '@satchel/core';
import { type Comparison, SatchelError, unreachable, type Value } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import { fromCanonical } from '../postgres/columns.ts';

/** Values that one `in` may name. */
const MAX_MEMBERS = 1_000;

/** Types that have an order, and equality that PostgreSQL and the canonical form agree on. */
const COMPARABLE: ReadonlySet<ColumnType> = new Set<ColumnType>([
  'id',
  'ref',
  'text',
  'integer',
  'bigint',
  'real',
  'decimal',
  'boolean',
  'date',
  'timestamp',
  'modifiedAt',
  'counter',
  'serverId',
]);

/** Texts compare by code unit, as on every device. */
const isText = (column: Column): boolean =>
  column.type === 'text' || ((column.type === 'id' || column.type === 'ref') && column.keyType === 'text');

/** Throws `filter_invalid` for a comparison that the reader may not make, or that has no meaning. */
export const checkComparison = (table: Table, readable: readonly string[], comparison: Comparison): void => {
  const column = readable.includes(comparison.column) ? table.columns[comparison.column] : undefined;
  if (!column || !isMeaningful(column, comparison)) {
    throw new SatchelError('filter_invalid', { table: table.name, column: comparison.column });
  }
};

const isMeaningful = (column: Column, { op, value }: Comparison): boolean => {
  if (op === 'is-null' || op === 'is-not-null') return value === undefined;
  if (!COMPARABLE.has(column.type) || value === undefined) return false;
  if (op === 'in') {
    return (
      Array.isArray(value) && value.length <= MAX_MEMBERS && value.every((member) => isValue(column, member))
    );
  }
  return isValue(column, value);
};

const isValue = (column: Column, value: Value): boolean => value !== null && canonicalize(column, value).ok;

/** A condition that is true or false, never null, and the parameters that it binds from `$first` on. */
export interface Condition {
  readonly sql: string;
  readonly parameters: readonly string[];
}

/**
 * A filter as SQL: all of its comparisons. Values are bound as JSON texts.
 * `reference` gives the SQL of a column of the row by its name.
 */
export const filterToSql = (
  table: Table,
  filter: readonly Comparison[],
  reference: (column: string) => string,
  first: number,
): Condition => {
  const parameters: string[] = [];
  const bind = (column: Column, value: Value): string => {
    parameters.push(JSON.stringify(value));
    return fromCanonical(column, `$${first + parameters.length - 1}::text`);
  };
  const terms = filter.map(({ column: name, op, value }) => {
    const column = table.columns[name]!;
    const sql = reference(name);
    switch (op) {
      case 'is-null':
        return `${sql} is null`;
      case 'is-not-null':
        return `${sql} is not null`;
      case 'in': {
        const members = (value as readonly Value[]).map((member) => bind(column, member));
        return members.length === 0 ? 'false' : `${sql} in (${members.join(', ')})`;
      }
      case '=':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=': {
        const order = isText(column) ? `${sql} collate "C"` : sql;
        return `${order} ${op === '!=' ? '<>' : op} ${bind(column, value!)}`;
      }
      default:
        return unreachable(op);
    }
  });
  return {
    sql: terms.length === 0 ? 'true' : `coalesce(${terms.map((term) => `(${term})`).join(' and ')}, false)`,
    parameters,
  };
};
