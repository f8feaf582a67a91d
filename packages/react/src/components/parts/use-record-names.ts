import type { SqlRow } from '@satchel/client';
import { columnToSql } from '@satchel/core';
import type { Change } from '@satchel/protocol';
import type { Query } from '@satchel/schema';
import { useQuery } from '../../hooks/use-query.ts';
import { useSatchel } from '../../provider.tsx';
import type { SatchelClient } from '../../satchel-client.ts';
import { namingColumns } from './telling-columns.ts';

interface Named {
  readonly tbl: string;
  readonly key: string;
  readonly name: string | null;
}

const NO_ROWS: Query = { sql: "select '' as tbl, '' as key, null as name where 0" };

const quoted = (column: string): string => `"${columnToSql(column)}"`;

/** One question for the names of all rows that the changes are of; new rows bring their own. */
const questionOf = ({ app }: SatchelClient, changes: readonly Change[]): Query => {
  const keys = new Map<string, Set<string>>();
  for (const { key, op, table } of changes)
    if (op !== 'insert') keys.set(table, (keys.get(table) ?? new Set()).add(key));
  const parts = [...keys].flatMap(([name, wanted]) => {
    const table = app.tables[name];
    const [key, ...more] = table?.primaryKey ?? [];
    const [naming] = table ? namingColumns(table) : [];
    if (key === undefined || more.length > 0 || naming === undefined) return [];
    return [
      {
        sql:
          `select ? as tbl, ${quoted(key)} as key, ${quoted(naming.name)} as name from ${quoted(name)} ` +
          `where ${quoted(key)} in (select value from json_each(?))`,
        parameters: [name, JSON.stringify([...wanted].sort())],
      },
    ];
  });
  return parts.length === 0
    ? NO_ROWS
    : {
        sql: parts.map(({ sql }) => sql).join(' union all '),
        parameters: parts.flatMap(({ parameters }) => parameters),
      };
};

/** By what name a person knows the record of a change: of the row on this device, or as it was deleted from. */
export const useRecordNames = (changes: readonly Change[]): ((change: Change) => string | undefined) => {
  const db = useSatchel();
  const { rows } = useQuery<SqlRow & Named>(questionOf(db, changes));
  const names = new Map(rows.map(({ key, name, tbl }) => [`${tbl} ${key}`, name ?? undefined]));
  return ({ confirmed, key, table }) => {
    const known = db.app.tables[table];
    const [naming] = known ? namingColumns(known) : [];
    const before = naming && confirmed?.values[naming.name];
    return names.get(`${table} ${key}`) ?? (typeof before === 'string' ? before : undefined);
  };
};
