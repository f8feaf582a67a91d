import type { Column } from '@satchel/core';
import type { Table } from '@satchel/schema';

/** Keys, and what is filled in by itself: nobody knows a record by them. */
const SILENT: readonly Column['type'][] = ['id', 'ref', 'serverId', 'modifiedAt'];

/** Columns that only say which scope the row is in, for example the shop's number. */
const scopeColumns = ({ scopes }: Table): readonly string[] =>
  scopes.flatMap((rule) =>
    rule.kind === 'template'
      ? rule.template.parts.flatMap((part) => ('column' in part ? [part.column] : []))
      : [],
  );

/** Whether a value of the column tells a person something; of a column that is not known it does. */
export const isTelling = (table: Table | undefined, name: string): boolean => {
  const column = table?.columns[name];
  if (!table || !column) return true;
  return (
    !SILENT.includes(column.type) &&
    !table.primaryKey.includes(name) &&
    (column.type !== 'text' || !scopeColumns(table).includes(name))
  );
};

/** The texts of a record, the one first by which a person knows it. */
export const namingColumns = (table: Table): readonly Column[] =>
  Object.values(table.columns).filter(({ name, type }) => type === 'text' && isTelling(table, name));
