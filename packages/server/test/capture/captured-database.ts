import { columnToSql } from '@satchel/core';
import type { App, Table } from '@satchel/schema';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { installCapture } from '../../src/capture/install-capture.ts';
import { relationOf } from '../../src/capture/relation.ts';
import { pgType } from '../../src/postgres/columns.ts';
import { quote } from '../../src/postgres/quote.ts';

export interface CapturedDatabase extends TestDatabase {
  readonly tableIds: ReadonlyMap<string, number>;
  /** `scope table key` of every present entry, sorted; gone ones end in ` deleted` or ` left`. */
  entries(): Promise<string[]>;
}

const ddl = (table: Table): string => {
  const names = (columns: readonly string[]) => columns.map((name) => quote(columnToSql(name))).join(', ');
  const columns = Object.values(table.columns).map(
    (column) => `${quote(columnToSql(column.name))} ${pgType(column)}${column.nullable ? '' : ' not null'}`,
  );
  const foreignKeys = table.foreignKeys.map(
    (key) =>
      `foreign key (${names(key.columns)}) references ${quote(columnToSql(key.references))}
      on delete ${key.onDelete.replace('-', ' ')} deferrable initially immediate`,
  );
  return `create table ${relationOf(table).sql} (${[
    ...columns,
    `primary key (${names(table.primaryKey)})`,
    ...foreignKeys,
  ].join(', ')})`;
};

/**
 * A database with the app's tables and their capture. `before` runs between the
 * tables and the triggers; adopted tables are its to make.
 */
export const capturedDatabase = async (
  app: App,
  before: readonly string[] = [],
): Promise<CapturedDatabase> => {
  const database = await testDatabase();
  const tableIds = new Map<string, number>();
  await database.db.transaction('write', async (tx) => {
    for (const name of app.tableOrder) {
      const table = app.tables[name]!;
      if (table.adopt === undefined) await tx.query(ddl(table));
      const { rows } = await tx.query<{ table_id: number }>(
        'insert into satchel.tables (name) values ($1) returning table_id',
        [name],
      );
      tableIds.set(name, rows[0]!.table_id);
    }
    for (const text of before) await tx.query(text);
    await installCapture(tx, app, tableIds);
  });
  return {
    ...database,
    tableIds,
    entries: async () => {
      const { rows } = await database.db.query<{ entry: string }>(
        `select e.scope || ' ' || t.name || ' ' || e.key
          || case when e.present then '' when e.deleted then ' deleted' else ' left' end as entry
        from satchel.entries e join satchel.tables t using (table_id)
        order by 1`,
      );
      return rows.map(({ entry }) => entry);
    },
  };
};
