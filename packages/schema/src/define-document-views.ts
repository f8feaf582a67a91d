import { columnToSql } from '@satchel/core';
import type { DocumentViews, Table } from './app.ts';
import { checkFlag, checkSettings, mistake } from './mistake.ts';

/** Views that the source documents' SQL reads on PostgreSQL, in schema `satchel_documents`. */
export const SERVER_DOCUMENT_VIEWS = [
  'client_sync_state',
  'sync_conflicts',
  'offline_actions_log',
  'sync_batches',
  'sync_items',
  'conflicts',
] as const;

/** Views that the source documents' SQL reads on the device. */
export const DEVICE_DOCUMENT_VIEWS = [
  'sync_queue',
  'pending_changes',
  'sync_conflicts',
  'sync_metadata',
] as const;

/** What the documents want to know of each row; columns of its `…_local` view. */
export const ROW_DOCUMENT_COLUMNS = ['sync_status', 'last_modified', 'version', 'is_deleted'] as const;

/** SQL name of the view with a table's rows and what the documents want to know of each. */
export const rowViewName = (table: string): string => `${columnToSql(table)}_local`;

/** `true`: both; a name of the documents must be free for the view that has it. */
export const defineDocumentViews = (
  where: string,
  given: boolean | Partial<DocumentViews>,
  tables: Readonly<Record<string, Table>>,
): DocumentViews => {
  if (typeof given !== 'boolean') checkSettings(where, given, ['server', 'device']);
  const { server = false, device = false } =
    typeof given === 'boolean' ? { server: given, device: given } : given;
  checkFlag(`${where}.server`, server);
  checkFlag(`${where}.device`, device);
  if (server) checkServer(where, tables);
  if (device) checkDevice(where, tables);
  return { server, device };
};

const isOneOf = (names: readonly string[], name: string): boolean => names.includes(name);

const clash = (where: string, table: string, name: string) =>
  mistake(
    where,
    `the table ${table} and the view ${name} of the documents would have one name`,
    `Rename the table, or leave ${where} out.`,
  );

/** Found by `search_path`, so it is the name alone that clashes, whatever the schema. */
const checkServer = (where: string, tables: Readonly<Record<string, Table>>): void => {
  for (const { name, adopt } of Object.values(tables)) {
    const sqlName = adopt?.table ?? columnToSql(name);
    if (isOneOf(SERVER_DOCUMENT_VIEWS, sqlName)) throw clash(`${where}.server`, name, sqlName);
  }
};

const checkDevice = (where: string, tables: Readonly<Record<string, Table>>): void => {
  const here = `${where}.device`;
  const rowViews = Object.keys(tables).map(rowViewName);
  for (const { name, columns } of Object.values(tables)) {
    const sqlName = columnToSql(name);
    if (isOneOf(DEVICE_DOCUMENT_VIEWS, sqlName) || rowViews.includes(sqlName))
      throw clash(here, name, sqlName);
    const column = Object.keys(columns).find((one) => isOneOf(ROW_DOCUMENT_COLUMNS, columnToSql(one)));
    if (column !== undefined) {
      throw mistake(
        here,
        `the column ${column} of ${name} and that of the view ${rowViewName(name)} would have one name`,
        `Rename the column, or leave ${here} out.`,
      );
    }
  }
};
