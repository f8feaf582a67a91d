import { columnToSql } from '@satchel/core';
import type { Json } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import type { SqlRow } from '../database/driver.ts';
import type { DocumentsContext } from './hooks.ts';
import { type QueueItem, queueItem } from './queue-item.ts';
import { type DocumentRow, keyCondition, keyParts, tableNamed, upsertQuery } from './rows.ts';
import { type Operation, pendingItems, writeQuery } from './sync-queue.ts';

/** An item of the queue, with what the upload wants to have of it. */
export interface PendingAction extends QueueItem {
  readonly client_id: string;
}

export interface UploadResult {
  readonly client_id: string;
  readonly status: 'success' | 'error' | 'pending';
  /** The server's number for the row, where its table has one; else its key. */
  readonly server_id: number | string | null;
  readonly message: string;
}

export interface UploadAnswer {
  readonly success: true;
  readonly results: readonly UploadResult[];
  readonly conflicts: readonly { readonly entity_type: string; readonly entity_id: string }[];
  readonly sync_timestamp: string;
}

export interface DownloadAnswer {
  readonly success: true;
  readonly data: Readonly<Record<string, readonly SqlRow[]>>;
  readonly sync_timestamp: string;
  readonly has_more: false;
}

export interface NewAction {
  readonly action_type: string;
  readonly entity_type: string;
  readonly entity_id: string;
  /** JSON text. */
  readonly payload: string;
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  create: 'INSERT',
  update: 'UPDATE',
  delete: 'DELETE',
};
const DONE: Readonly<Record<Operation, string>> = { INSERT: 'created', UPDATE: 'updated', DELETE: 'deleted' };

/** The civic reports' client: its store, its API and the manager between them. */
export const syncManagerOf = (context: DocumentsContext) => {
  const { db, platform } = context;
  const timestamp = (): string => new Date(platform.clock.now()).toISOString();
  const rowOf = (table: Table, key: string) =>
    db.get(`select * from "${columnToSql(table.name)}" where ${keyCondition(table)}`, keyParts(table, key));
  const many = (table: Table): string => db.app.http.names[table.name]?.many ?? columnToSql(table.name);

  const findPending = async (): Promise<PendingAction[]> =>
    (await pendingItems(db)).map((item) => ({ ...item, client_id: item.entity_id }));

  const syncQueue = {
    findPending,
    /** The server's answer has marked it. */
    markSynced: (_clientId: string): Promise<void> => db.settled(),
    insert: async ({ action_type, entity_type, entity_id, payload }: NewAction): Promise<void> => {
      const operation = OPERATIONS[action_type.split('_')[0] ?? ''] ?? 'UPDATE';
      const table = tableNamed(db.app, entity_type);
      const query = writeQuery(context, table, operation, entity_id, JSON.parse(payload) as DocumentRow);
      if (query !== undefined) await db.write([query]);
    },
  };

  /** `documentDb.reports.insert(row)`, for each table. */
  const store = (table: Table) => ({
    insert: async (row: DocumentRow): Promise<void> => {
      await db.write([upsertQuery(table, { ...context.given?.[table.name], ...row })]);
    },
    /** The server's number comes with its answer, or with the next page. */
    updateServerId: (_clientId: string, _serverId: number | string): Promise<void> => db.settled(),
  });
  const stores: Readonly<Record<string, ReturnType<typeof store>>> = Object.fromEntries(
    Object.values(db.app.tables).flatMap((table) => [
      [table.name, store(table)],
      [many(table), store(table)],
    ]),
  );

  const serverIdOf = async (table: Table, key: string): Promise<number | string | null> => {
    const column = Object.values(table.columns).find(({ type }) => type === 'serverId');
    if (column === undefined) return key;
    const value = (await rowOf(table, key))?.[columnToSql(column.name)];
    return typeof value === 'number' ? value : null;
  };

  const resultOf = async ({ id, client_id }: PendingAction): Promise<UploadResult> => {
    const row = await db.get('select * from sync_queue where id = ?', [id]);
    const item = row === undefined ? undefined : queueItem(row);
    if (item === undefined || item.status === 'synced') {
      if (item === undefined) return { client_id, status: 'success', server_id: null, message: 'Synced' };
      const table = tableNamed(db.app, item.table_name);
      const name = item.entity_type.replaceAll('_', ' ');
      return {
        client_id,
        status: 'success',
        server_id: await serverIdOf(table, item.entity_id),
        message: `${name.charAt(0).toUpperCase()}${name.slice(1)} ${DONE[item.operation]} successfully`,
      };
    }
    const status = item.status === 'failed' ? 'error' : 'pending';
    return { client_id, status, server_id: null, message: status === 'error' ? 'Not accepted' : 'Waiting' };
  };

  const upload = async (actions: readonly PendingAction[]): Promise<UploadAnswer> => {
    await db.sync.now();
    const results: UploadResult[] = [];
    for (const action of actions) results.push(await resultOf(action));
    const open = (await db.conflicts.list()).filter(({ state }) => state === 'open');
    return {
      success: true,
      results,
      conflicts: open.map(({ table, key }) => ({
        entity_type: db.app.http.names[table]?.one ?? columnToSql(table),
        entity_id: key,
      })),
      sync_timestamp: timestamp(),
    };
  };

  /** Rows that changed since; of a table that does not say when its rows changed, all. */
  const download = async (since: string | null | undefined): Promise<DownloadAnswer> => {
    await db.sync.now();
    const from = since === null || since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
    const data: Record<string, readonly SqlRow[]> = {};
    for (const table of Object.values(db.app.tables)) {
      const stamp = Object.values(table.columns).find(({ type }) => type === 'modifiedAt');
      const rows = await db.all(`select * from "${columnToSql(table.name)}"`);
      const column = stamp === undefined ? undefined : columnToSql(stamp.name);
      data[many(table)] = rows
        .filter((row) => column === undefined || Number(row[column]) > from)
        .map(({ satchel_version: _version, satchel_hold: _hold, ...row }) => row);
    }
    return { success: true, data, sync_timestamp: timestamp(), has_more: false };
  };

  /** The document's two calls, answered by the engine's own sync. */
  const api = {
    post: (path: string, body: { readonly device_id: string; readonly actions: readonly PendingAction[] }) =>
      path.endsWith('/sync/upload') ? upload(body.actions) : Promise.reject(new UnknownPath(path)),
    get: (
      path: string,
      given: { readonly params: { readonly since?: string | null; readonly device_id: string } },
    ) =>
      path.endsWith('/sync/download') ? download(given.params.since) : Promise.reject(new UnknownPath(path)),
  };

  const getDeviceId = async (): Promise<string> => db.clientId;
  const getLastSyncTimestamp = async (): Promise<string | null> => {
    const { checkpointAt } = await db.status();
    return checkpointAt === null ? null : new Date(checkpointAt).toISOString();
  };
  /** The engine keeps it with the page that it belongs to, never before. */
  const saveLastSyncTimestamp = (_timestamp: string): Promise<void> => db.settled();
  /** The engine has merged what it took in. */
  const merge = (_rows: readonly Json[] | readonly SqlRow[] | undefined): Promise<void> => db.settled();

  const SyncManager = {
    async uploadPendingActions(): Promise<void> {
      const actions = await findPending();
      if (actions.length > 0) await upload(actions);
    },
    async downloadNewData(): Promise<void> {
      await download(await getLastSyncTimestamp());
    },
  };

  /** What the document calls `db`: a store for each table, and the queue. */
  const documentDb = Object.assign({ syncQueue }, stores);

  const isOnline = async (): Promise<boolean> => (await db.status()).online;
  const showToast = (text: string): void => context.showToast?.(text);
  const uuid = { v4: (): string => uuidV4(platform.random.bytes(16)) };

  /** Keeps a report on this device and tells so at once; sends it in the background where there is a network. */
  const createReport = async (reportData: DocumentRow): Promise<string> => {
    const clientId = uuid.v4();
    await stores.reports?.insert({ id: clientId, ...reportData });
    showToast('Report created! Will sync when online.');
    // What comes of it is in the queue and in the status.
    if (await isOnline()) SyncManager.uploadPendingActions().catch(() => {});
    return clientId;
  };

  return {
    SyncManager,
    documentDb,
    syncQueue,
    api,
    createReport,
    getDeviceId,
    getLastSyncTimestamp,
    saveLastSyncTimestamp,
    mergeReports: merge,
    mergeProfile: merge,
    isOnline,
    showToast,
    uuid,
  };
};

class UnknownPath extends Error {
  constructor(path: string) {
    super(`the documents' API has no ${path}`);
    this.name = 'UnknownPath';
  }
}

const uuidV4 = (bytes: Uint8Array): string => {
  const random = Uint8Array.from(bytes);
  random[6] = (random[6]! & 0x0f) | 0x40;
  random[8] = (random[8]! & 0x3f) | 0x80;
  const hex = [...random].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};
