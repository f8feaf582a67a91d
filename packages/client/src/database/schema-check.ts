import { SatchelError } from '@satchel/protocol';
import type { EngineContext } from '../engine-context.ts';
import { type ExpectedTrigger, expectedTriggers } from './capture.ts';
import type { LocalTable } from './local-table.ts';

/**
 * Compares the triggers of the synced tables with what they should be and puts them
 * back (rule 59). Returns the tables on which capture was not what it should be: rows
 * written meanwhile may have been missed. Throws `trigger_unknown` for one that the
 * app did not declare.
 */
export const restoreTriggers = (context: EngineContext): LocalTable[] => {
  const { db } = context;
  const there = new Map<string, { name: string; sql: string }[]>();
  const rows = db
    .prepare(
      "select name, tbl_name, sql from sqlite_schema where type = 'trigger' union all " +
        "select name, tbl_name, null from sqlite_temp_schema where type = 'trigger'",
    )
    .all();
  for (const row of rows) {
    const table = (row.tbl_name as string).toLowerCase();
    const list = there.get(table) ?? [];
    list.push({ name: row.name as string, sql: (row.sql as string | null) ?? '' });
    there.set(table, list);
  }
  const restored: LocalTable[] = [];
  for (const local of context.tables.values()) {
    const found = there.get(local.sqlName) ?? [];
    const expected = expectedTriggers(context.app, local);
    refuseUnknown(local, found, expected);
    if (isAsExpected(found, expected)) continue;
    // All of them anew: their order of making is the order of firing.
    for (const { name } of found) db.exec(`drop trigger "${name.replaceAll('"', '""')}"`);
    for (const { sql } of expected) db.exec(sql);
    restored.push(local);
  }
  return restored;
};

/** The capture triggers of a table as they are now, as one text. */
export const captureText = ({ db }: EngineContext, { sqlName }: LocalTable): string =>
  db
    .prepare(
      "select sql from sqlite_schema where type = 'trigger' and lower(tbl_name) = ? and name like 'satchel\\_%' escape '\\' order by name",
    )
    .all([sqlName])
    .map(({ sql }) => sql as string)
    .join('\n');

const refuseUnknown = (
  local: LocalTable,
  found: readonly { readonly name: string }[],
  expected: readonly ExpectedTrigger[],
): void => {
  const known = new Set(expected.map(({ name }) => name));
  for (const { name } of found) {
    if (known.has(name) || name.startsWith('satchel_')) continue;
    throw new SatchelError('trigger_unknown', { trigger: name, table: local.name });
  }
};

/** The same texts in the same order of making, which is how `sqlite_schema` lists them. */
const isAsExpected = (
  found: readonly { readonly sql: string }[],
  expected: readonly ExpectedTrigger[],
): boolean =>
  found.length === expected.length && found.every(({ sql }, index) => same(sql, expected[index]!.sql));

/** SQLite keeps the text as given, with CREATE in capitals. */
const same = (a: string, b: string): boolean =>
  a.replace(/^create /i, 'create ') === b.replace(/^create /i, 'create ');
