import { type NetworkSource, type NetworkState, openSatchel, type Satchel } from '@satchel/client';
import { nodePlatform } from '@satchel/client/node';
import type { Json } from '@satchel/protocol';
import type { Query } from '@satchel/schema';
import { dialectApp, STORE } from './dialect-app.ts';
import type { Edit, FieldDevice, ShownRow, Weather } from './field-device.ts';

/** The native client, on SQLite. In any weather but a fair one it stays offline. */
export const openNativeDevice = async (
  name: string,
  server: { readonly url: string; readonly token: string },
  directory: string,
): Promise<FieldDevice> => {
  let state: NetworkState = { online: false, kind: 'wifi' };
  const heard = new Set<(state: NetworkState) => void>();
  const network: NetworkSource = {
    state: () => state,
    onChange: (listener) => {
      heard.add(listener);
      return () => heard.delete(listener);
    },
  };
  const setOnline = (online: boolean): void => {
    state = { ...state, online };
    for (const listener of heard) listener(state);
  };
  const platform = nodePlatform({ directory, network });
  const db = await openSatchel({
    app: dialectApp,
    platform,
    server: server.url,
    user: { id: name },
    token: () => server.token,
  });
  const sync = async (weather: Weather): Promise<void> => {
    if (weather !== 'fair') return;
    setOnline(true);
    await db.sync.now();
    setOnline(false);
    await db.sync.idle();
  };
  return {
    name,
    save: (edits) => db.write(edits.map(statementOf)).then(() => undefined),
    push: sync,
    pull: sync,
    rows: () => shownRows(db),
    waiting: async () => (await db.status()).pending,
    refused: () => [],
    close: async () => {
      await db.close();
      await platform.close();
    },
  };
};

const sqlValue = (value: Json): unknown => (Array.isArray(value) ? JSON.stringify(value) : value);

const SQL_NAMES: Readonly<Record<string, string>> = { noteId: 'note_id' };
const sqlName = (column: string): string => SQL_NAMES[column] ?? column;

const statementOf = (edit: Edit): Query => {
  if (edit.kind === 'delete')
    return { sql: `delete from ${edit.table} where id = ?`, parameters: [edit.key] };
  const columns = Object.keys(edit.fields);
  const values = Object.values(edit.fields).map(sqlValue);
  if (edit.kind === 'update')
    return {
      sql: `update ${edit.table} set ${columns.map((column) => `${sqlName(column)} = ?`).join(', ')} where id = ?`,
      parameters: [...values, edit.key],
    };
  const scope =
    edit.table === 'notes' ? { columns: ['store_id'], values: [STORE] } : { columns: [], values: [] };
  const all = ['id', ...scope.columns, ...columns.map(sqlName)];
  return {
    sql: `insert into ${edit.table} (${all.join(', ')}) values (${all.map(() => '?').join(', ')})`,
    parameters: [edit.key, ...scope.values, ...values],
  };
};

const shownRows = async (db: Satchel<typeof dialectApp>): Promise<readonly ShownRow[]> => {
  const notes = await db.all('select id, title, body, hits, labels from notes');
  const lines = await db.all('select id, note_id, text from lines');
  return [
    ...notes.map(({ id, title, body, hits, labels }) => ({
      table: 'notes' as const,
      key: String(id),
      fields: { title, body, hits, labels: JSON.parse(String(labels)) as Json } as ShownRow['fields'],
    })),
    ...lines.map(({ id, note_id, text }) => ({
      table: 'lines' as const,
      key: String(id),
      fields: { noteId: note_id, text } as ShownRow['fields'],
    })),
  ];
};
