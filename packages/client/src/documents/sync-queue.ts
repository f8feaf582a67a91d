import { type Problem, SatchelError } from '@satchel/protocol';
import type { Query, Table } from '@satchel/schema';
import { codeOf, type DocumentsContext, SyncItemError, silentLogger } from './hooks.ts';
import { type QueueItem, queueItem } from './queue-item.ts';
import { type DocumentRow, deleteQuery, tableNamed, updateQuery, upsertQuery, withKey } from './rows.ts';

export type Operation = 'INSERT' | 'UPDATE' | 'DELETE';

/** What the documents put into the queue. */
export interface NewQueueItem {
  readonly table_name: string;
  readonly record_id: string;
  readonly operation: Operation;
  /** JSON text. */
  readonly data: string;
  readonly timestamp?: number;
  readonly status?: string;
}

/**
 * The shop's queue functions. Every local write queues itself, in its own transaction:
 * what is put into the queue here is written to its table, and where it stands there
 * already, nothing is queued a second time.
 */
export const syncQueueOf = (context: DocumentsContext) => {
  const { db, logger = silentLogger } = context;

  const insertIntoSyncQueue = async (item: NewQueueItem): Promise<void> => {
    const table = tableNamed(db.app, item.table_name);
    const data = (JSON.parse(item.data ?? 'null') ?? {}) as DocumentRow;
    const query = writeQuery(context, table, item.operation, item.record_id, data);
    if (query !== undefined) await db.write([query]);
  };

  const addToSyncQueue = (
    tableName: string,
    recordId: string,
    operation: Operation,
    data: DocumentRow,
  ): Promise<void> =>
    insertIntoSyncQueue({
      table_name: tableName,
      record_id: recordId,
      operation,
      data: JSON.stringify(data ?? null),
      timestamp: context.platform.clock.now(),
      status: 'pending',
    });

  const getPendingQueueItems = (): Promise<QueueItem[]> => pendingItems(db);

  const itemNow = async (id: number): Promise<QueueItem | undefined> => {
    const row = await db.get('select * from sync_queue where id = ?', [id]);
    return row && queueItem(row);
  };

  /** Sends it, with what it depends on; resolves when the server has it. */
  const syncItemToServer = async (item: Pick<QueueItem, 'id'>): Promise<void> => {
    const before = await itemNow(item.id);
    if (before === undefined || before.status === 'synced') return;
    const run = await db.sync.now();
    const after = await itemNow(item.id);
    if (after === undefined || after.status === 'synced') return;
    throw await reasonOf(context, after, run?.problem);
  };

  /** The server's answer marks an item; one that it has not answered is not synced. */
  const markItemAsSynced = async (id: number): Promise<void> => {
    const item = await itemNow(id);
    if (item !== undefined && item.status !== 'synced')
      throw new SatchelError('pending_work', { pending: 1 });
  };

  /** Logs it; an item that was given up or refused is told to the person. Waiting and trying again are the engine's. */
  const handleSyncError = async (item: Pick<QueueItem, 'id'>, error: unknown): Promise<void> => {
    const code = codeOf(error);
    const now = await itemNow(item.id);
    logger.error(`Sync failed: ${code}`);
    if (now?.status === 'failed') context.onFailed?.(now, code);
  };

  const processSyncQueue = async (): Promise<void> => {
    for (const item of await getPendingQueueItems()) {
      try {
        await syncItemToServer(item);
        await markItemAsSynced(item.id);
      } catch (error) {
        await handleSyncError(item, error);
      }
    }
  };

  return {
    addToSyncQueue,
    insertIntoSyncQueue,
    getPendingQueueItems,
    syncItemToServer,
    markItemAsSynced,
    handleSyncError,
    processSyncQueue,
  };
};

/**
 * What the server has not answered yet, the oldest first: what the engine has just sent
 * is among it. What waits for a person there is not: sending does not help it.
 */
export const pendingItems = async (db: DocumentsContext['db']): Promise<QueueItem[]> => {
  const rows = await db.all(
    `select q.* from sync_queue q join satchel_document_changes c on c.id = q.id
      where c.state in ('queued', 'in-flight', 'blocked') order by q.id`,
  );
  return rows.map(queueItem);
};

/** The write that an item of the queue stands for. */
export const writeQuery = (
  context: DocumentsContext,
  table: Table,
  operation: Operation,
  key: string,
  data: DocumentRow,
): Query | undefined => {
  switch (operation) {
    case 'INSERT':
      return upsertQuery(table, { ...context.given?.[table.name], ...withKey(table, key, data) });
    case 'UPDATE':
      return updateQuery(table, key, data);
    case 'DELETE':
      return deleteQuery(table, key);
  }
};

const reasonOf = async (
  { db }: DocumentsContext,
  { table_name, record_id }: QueueItem,
  problem: Problem | undefined,
): Promise<SyncItemError> => {
  const { name } = tableNamed(db.app, table_name);
  const refused = (await db.quarantine.list()).find(({ changes }) =>
    changes.some(({ table, key }) => table === name && key === record_id),
  );
  return new SyncItemError(refused?.problem ?? problem ?? { code: 'pending_work', params: { pending: 1 } });
};
