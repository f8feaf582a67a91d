import { sqlToColumn } from '@satchel/core';
import type { EngineContext } from '../engine-context.ts';
import type { Driver } from './driver.ts';
import { withoutParameters } from './sql-text.ts';

/** Opcodes that open a b-tree of the main database: `p2` is its root page, `p3` the database. */
const OPEN_READ = new Set(['OpenRead', 'OpenWrite', 'ReopenIdx']);

/**
 * Tables (camelCase names) that a statement reads or writes, as SQLite's own plan has
 * it: views are seen through, and so are indexes that stand for their table.
 */
export const tablesOf = (context: EngineContext, sql: string, access: 'read' | 'write'): string[] => {
  const { db } = context;
  const roots = rootPages(db);
  const names = new Set<string>();
  // Explained afresh each time it is asked: the plan depends on the schema of the moment.
  for (const row of db.prepare(`explain ${withoutParameters(sql)}`).all()) {
    const opcode = row.opcode as string;
    if (access === 'write' ? opcode !== 'OpenWrite' : !OPEN_READ.has(opcode)) continue;
    const table = row.p3 === 0 ? roots.get(row.p2 as number) : undefined;
    if (table !== undefined && !table.startsWith('satchel_') && !table.startsWith('sqlite_')) {
      names.add(sqlToColumn(table));
    }
  }
  return [...names];
};

const rootPages = (db: Driver): Map<number, string> =>
  new Map(
    db
      .prepare(
        "select rootpage, tbl_name from sqlite_schema where type in ('table','index') and rootpage > 0",
      )
      .all()
      .map((row) => [row.rootpage as number, row.tbl_name as string]),
  );
