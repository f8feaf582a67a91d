import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { steadyNetwork } from '@satchel/client';
import {
  createStatements,
  documentsOf,
  initializeLocalDB,
  logSyncs,
  resolveConflict,
  syncConfigOf,
} from '@satchel/client/documents';
import { nodePlatform } from '@satchel/client/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Field, openField } from '../field/field.ts';
import { documentsApp } from './documents-app.ts';
import { heardBy } from './hooks.ts';

const STAFF = { userId: 'staff-1', roles: ['staff'], claims: { storeId: '1' } };
const OTHER = { userId: 'staff-2', roles: ['staff'], claims: { storeId: '1' } };

let field: Field<typeof documentsApp>;
beforeAll(async () => {
  field = await openField(documentsApp);
});
afterAll(() => field.close());

const phone = async (person = STAFF, online = true) => {
  const device = await field.device(person, { online });
  const heard = heardBy(field.time);
  return { ...device, heard, documents: documentsOf(device.db, heard.hooks) };
};
const productOf = async (key: string) =>
  (await field.db.query<Record<string, unknown>>('select * from products where id = $1', [key])).rows[0];

describe('resolveConflict', () => {
  it('[DOC-40] S1-77 to 80 gives the document’s objects', () => {
    expect(resolveConflict({ price: 50 }, { price: 55 }, 'UPDATE_UPDATE')).toEqual({
      action: 'accept_server',
      backup_local: true,
      notify_user: false,
    });
    expect(resolveConflict({ stock: 100 }, null, 'DELETE_UPDATE')).toEqual({
      action: 'ask_user',
      options: ['keep_local', 'accept_delete'],
      backup_local: true,
    });
    expect(resolveConflict({ amount: 1000 }, { amount: 1500 }, 'ID_COLLISION')).toEqual({
      action: 'generate_new_id',
      sync_both: true,
    });
    expect(resolveConflict({}, {}, 'SOMETHING')).toBeUndefined();
  });
});

describe('the queue', () => {
  it('[DOC-41] S1-56, 57, 101, 102 a product is saved and queued at once, without a network', async () => {
    const { documents, close } = await phone(STAFF, false);
    const saved = await documents.saveProductOffline({ id: 'rice', name: 'Rice ₹', price: 50, stock: 10 });
    expect(saved).toEqual({ success: true, id: 'rice', offline: true });
    await documents.addToSyncQueue('products', 'rice', 'INSERT', { name: 'Rice ₹', price: 50, stock: 10 });
    const items = await documents.getPendingQueueItems();
    expect(items).toMatchObject([
      { table_name: 'products', record_id: 'rice', operation: 'INSERT', status: 'pending', retry_count: 0 },
    ]);
    expect(items[0]!.timestamp).toBe(field.time.now());
    expect(JSON.parse(items[0]!.data!)).toEqual({
      id: 'rice',
      store_id: '1',
      name: 'Rice ₹',
      price: 50,
      stock: 10,
    });
    expect(await documents.addToSyncQueue('products', 'rice', 'UPDATE', { price: 51 })).toBeUndefined();
    await documents.addToSyncQueue('products', 'tea', 'INSERT', { name: 'Tea', price: 5, stock: 0 });
    await documents.addToSyncQueue('products', 'tea', 'DELETE', {});
    expect((await documents.getPendingQueueItems()).map(({ operation }) => operation)).not.toContain(
      'UPDATE',
    );
    await close();
  });

  it('[DOC-42] S1-58 to 61 processSyncQueue sends all; one that fails does not stop the others', async () => {
    const { documents, heard, db, close } = await phone();
    await documents.saveProductOffline({ id: 'q1', name: 'One', price: 1 });
    await db.write([
      { sql: "insert into products (id, store_id, name, price) values ('q2', 'elsewhere', 'Two', 2)" },
    ]);
    await documents.saveProductOffline({ id: 'q3', name: 'Three', price: 3 });
    expect(await documents.processSyncQueue()).toBeUndefined();
    expect(await documents.getPendingQueueItems()).toEqual([]);
    expect(await productOf('q1')).toMatchObject({ name: 'One' });
    expect(await productOf('q2')).toBeUndefined();
    expect(await productOf('q3')).toMatchObject({ name: 'Three' });
    expect(heard.log).toEqual(['error Sync failed: scope_denied']);
    expect(heard.failed).toEqual(['q2 scope_denied']);
    await close();
  });

  it('[DOC-42] S1-58 the document’s own loop runs over the functions', async () => {
    const { documents, db, close } = await phone();
    const theirs = new Function(
      'insertIntoSyncQueue',
      'getPendingQueueItems',
      'syncItemToServer',
      'markItemAsSynced',
      'handleSyncError',
      `
      async function addToSyncQueue(tableName, recordId, operation, data) {
        const queueItem = {
          table_name: tableName,
          record_id: recordId,
          operation: operation,
          data: JSON.stringify(data),
          timestamp: Date.now(),
          status: 'pending'
        };
        return insertIntoSyncQueue(queueItem);
      }
      async function processSyncQueue() {
        const pendingItems = await getPendingQueueItems();
        for (const item of pendingItems) {
          try {
            await syncItemToServer(item);
            await markItemAsSynced(item.id);
          } catch (error) {
            await handleSyncError(item, error);
          }
        }
      }
      return { addToSyncQueue, processSyncQueue };`,
    )(
      documents.insertIntoSyncQueue,
      documents.getPendingQueueItems,
      documents.syncItemToServer,
      documents.markItemAsSynced,
      documents.handleSyncError,
    );
    await theirs.addToSyncQueue('products', 'own', 'INSERT', { name: 'Own', price: 7, stock: 1 });
    await theirs.processSyncQueue();
    expect(await productOf('own')).toMatchObject({ name: 'Own', price: 7 });
    expect(await db.get("select status from sync_queue where record_id = 'own'")).toEqual({
      status: 'synced',
    });
    await close();
  });

  it('[DOC-43] an item that the server has not answered cannot be marked', async () => {
    const { documents, close } = await phone(STAFF, false);
    await documents.saveProductOffline({ id: 'un', name: 'Un', price: 1 });
    const [item] = (await documents.getPendingQueueItems()).filter(({ record_id }) => record_id === 'un');
    await expect(documents.markItemAsSynced(item!.id)).rejects.toMatchObject({ code: 'pending_work' });
    await expect(documents.syncItemToServer(item!)).rejects.toMatchObject({ name: 'SyncItemError' });
    await close();
  });

  it('[DOC-44] refuses tables and columns that the app does not have', async () => {
    const { documents, close } = await phone(STAFF, false);
    await expect(documents.addToSyncQueue('prodcts', 'x', 'INSERT', {})).rejects.toMatchObject({
      code: 'table_unknown',
    });
    await expect(documents.saveProductOffline({ nmae: 'x' })).rejects.toMatchObject({
      code: 'column_unknown',
    });
    await close();
  });
});

describe('SyncService', () => {
  it('[DOC-45] S1-103 to 108 starts once when the network comes, downloads, uploads, and always ends', async () => {
    const { documents, heard, online, db, close } = await phone(STAFF, false);
    const { syncService: service } = documents;
    expect({ isOnline: service.isOnline, syncInProgress: service.syncInProgress }).toEqual({
      isOnline: false,
      syncInProgress: false,
    });
    await documents.saveProductOffline({ id: 's1', name: 'Soap', price: 2 });
    const steps: string[] = [];
    for (const step of ['downloadChanges', 'uploadChanges', 'resolveConflicts'] as const) {
      const run = service[step].bind(service);
      service[step] = async () => {
        steps.push(step);
        await run();
      };
    }
    const started: Promise<void>[] = [];
    const startSync = service.startSync.bind(service);
    service.startSync = () => {
      const sync = startSync();
      started.push(sync);
      return sync;
    };
    const end = service.startMonitoring();
    online(true);
    heard.connected(true);
    heard.connected(true);
    expect(service.syncInProgress).toBe(true);
    expect(started).toHaveLength(1);
    await Promise.all(started);
    expect(steps).toEqual(['downloadChanges', 'uploadChanges', 'resolveConflicts']);
    expect(service.syncInProgress).toBe(false);
    expect(await productOf('s1')).toMatchObject({ name: 'Soap' });
    end();
    heard.connected(true);
    expect(started).toHaveLength(1);
    expect((await db.status()).pending).toBe(0);
    await close();
  });

  it.each(['downloadChanges', 'uploadChanges', 'resolveConflicts'] as const)(
    '[DOC-46] S1-108 a failure in %s is logged without values, and the next sync runs',
    async (step) => {
      const { documents, heard, close } = await phone();
      const { syncService: service } = documents;
      const run = service[step].bind(service);
      service[step] = async () => {
        throw new Error('the price 50 of Rice');
      };
      await service.startSync();
      expect(heard.log).toEqual(['error Sync failed: Error']);
      expect(service.syncInProgress).toBe(false);
      service[step] = run;
      await service.startSync();
      expect(heard.log).toHaveLength(1);
      await close();
    },
  );

  it('[DOC-47] S1-104 the document’s own class runs over the functions', async () => {
    const { documents, heard, close } = await phone();
    const Theirs = new Function(
      'NetInfo',
      `return class {
        constructor() { this.isOnline = false; this.syncInProgress = false; }
        startMonitoring() {
          NetInfo.addEventListener(state => {
            if (state.isConnected && !this.syncInProgress) { this.startSync(); }
          });
        }
        async startSync() {
          this.syncInProgress = true;
          try {
            await this.downloadChanges();
            await this.uploadChanges();
            await this.resolveConflicts();
          } catch (error) {
            console.log('Sync failed:', error);
          } finally {
            this.syncInProgress = false;
          }
        }
      }`,
    )(heard.hooks.netInfo);
    const theirs = Object.assign(new Theirs(), {
      downloadChanges: () => documents.syncService.downloadChanges(),
      uploadChanges: () => documents.syncService.uploadChanges(),
      resolveConflicts: () => documents.syncService.resolveConflicts(),
    });
    await documents.saveProductOffline({ id: 'theirs', name: 'Theirs', price: 1 });
    await theirs.startSync();
    expect(await productOf('theirs')).toMatchObject({ name: 'Theirs' });
    expect(theirs.syncInProgress).toBe(false);
    await close();
  });
});

describe('asking the person', () => {
  it('[DOC-48] S1-109 to 114 title, text, options and choices are the document’s', async () => {
    const { documents, heard, close } = await phone(STAFF, false);
    const choices: string[] = [];
    for (heard.press = 0; heard.press < 3; heard.press++)
      choices.push(await documents.showConflictResolution({ table_name: 'products' }));
    expect(choices).toEqual(['keep_local', 'use_server', 'merge']);
    expect(heard.alerts[0]).toEqual({
      title: 'Data Conflict Found',
      message: 'products has been changed on both devices.',
      buttons: ['Keep Local Version', 'Use Server Version', 'Merge Both'],
    });
    await close();
  });

  it('[DOC-49] a conflict that waits for the author is settled by his choice, on both devices', async () => {
    const one = await phone(STAFF);
    const two = await phone(OTHER);
    await one.documents.saveProductOffline({ id: 'wheat', name: 'Wheat', price: 30, stock: 90 });
    await one.sync();
    await two.sync();
    await two.db.write([{ sql: "delete from products where id = 'wheat'" }]);
    await two.sync();
    one.online(false);
    await one.documents.addToSyncQueue('products', 'wheat', 'UPDATE', { stock: 100 });
    one.online(true);
    one.heard.press = 0;
    await one.documents.syncService.startSync();
    expect(one.heard.alerts).toHaveLength(1);
    await one.sync();
    await two.sync();
    for (const { db } of [one, two])
      expect(await db.get("select stock from products where id = 'wheat'")).toEqual({ stock: 100 });
    await one.close();
    await two.close();
  });
});

describe('settings and tables', () => {
  it('[DOC-50] S1-88 to 98 syncConfig in the document’s form', () => {
    expect(syncConfigOf(documentsApp)).toMatchObject({
      tables: { products: { priority: 'medium', partial: true } },
      triggers: {
        app_start: true,
        internet_available: true,
        user_manual: true,
        scheduled: '*/30 * * * *',
      },
      limits: { max_records_per_batch: 100, max_sync_time: 30000, retry_attempts: 3 },
    });
  });

  it('[DOC-51] S1-99, 100 initializeLocalDB makes the tables, as often as one likes', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'satchel-documents-'));
    const platform = nodePlatform({ directory, network: steadyNetwork });
    const open = () =>
      initializeLocalDB({
        app: documentsApp,
        platform,
        server: 'http://127.0.0.1:9',
        user: { id: 'ana' },
        token: () => 'none',
        start: false,
      });
    const first = await open();
    const statements = await createStatements(first);
    expect(Object.keys(statements)).toEqual(
      expect.arrayContaining(['CREATE_PRODUCTS_TABLE', 'CREATE_SYNC_QUEUE_TABLE', 'CREATE_CONFLICTS_TABLE']),
    );
    expect(statements.CREATE_PRODUCTS_TABLE).toMatch(/^create table "products" \("id" TEXT/i);
    expect(first.name).toContain('documents');
    await first.close();
    const second = await open();
    expect(await createStatements(second)).toEqual(statements);
    await second.close();
    await platform.close();
    await rm(directory, { recursive: true });
  });

  it('[DOC-52] S2-102 to 105 log lines of each run, with their level and without values', async () => {
    const { db, heard, documents, online, close } = await phone();
    const end = logSyncs(db, heard.hooks.logger!);
    await documents.saveProductOffline({ id: 'secret-key', name: 'Secret name', price: 1 });
    await db.sync.now();
    const last = (await db.history(1))[0]!;
    await expect.poll(() => heard.log.length).toBeGreaterThan(0);
    expect(heard.log.slice(-3)).toEqual([
      `info Sync started: ${db.clientId}`,
      'debug Pulling tables: [products, forms, submissions, reports, profile]',
      `info Received ${last.rowsDown} changes`,
    ]);
    expect(heard.log.join()).not.toContain('ecret');
    online(false);
    end();
    await close();
  });
});
