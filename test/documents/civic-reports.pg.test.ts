import { documentsOf } from '@satchel/client/documents';
import { systemRandom } from '@satchel/client/node';
import { defineApp, id, table } from '@satchel/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Field, openField } from '../field/field.ts';
import { documentsApp } from './documents-app.ts';
import { heardBy } from './hooks.ts';

const CITIZEN = { userId: 'citizen', roles: ['citizen'], claims: { storeId: '1' } };
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const POTHOLE = {
  title: 'Pothole on Main Street',
  description: 'Large pothole',
  category: 'roads',
  latitude: 23.3441,
  longitude: 85.3096,
};

let field: Field<typeof documentsApp>;
beforeAll(async () => {
  field = await openField(documentsApp);
});
afterAll(() => field.close());

const phone = async (online = true) => {
  const device = await field.device(CITIZEN, { online });
  const heard = heardBy(field.time);
  return { ...device, heard, documents: documentsOf(device.db, heard.hooks) };
};
const reportOf = async (key: string) =>
  (await field.db.query<Record<string, unknown>>('select * from reports where id = $1', [key])).rows[0];

describe('createReport', () => {
  it('[DOC-70] S3-97 to 101 keeps a report under a UUID v4, says so, and sends it when there is a network', async () => {
    const { documents, heard, db, online, sync, close } = await phone(false);
    const clientId = await documents.createReport(POTHOLE);
    expect(clientId).toMatch(UUID_V4);
    expect(heard.toasts).toEqual(['Report created! Will sync when online.']);
    expect(
      await db.get('select title, sync_status, version from reports_local where id = ?', [clientId]),
    ).toEqual({
      title: 'Pothole on Main Street',
      sync_status: 'pending',
      version: 1,
    });
    expect(await documents.syncQueue.findPending()).toMatchObject([
      {
        action_type: 'create_report',
        entity_type: 'report',
        entity_id: clientId,
        client_id: clientId,
        status: 'pending',
      },
    ]);
    online(true);
    await sync();
    const row = await reportOf(clientId);
    expect(row).toMatchObject({ title: 'Pothole on Main Street', latitude: 23.3441, longitude: 85.3096 });
    expect(await db.get('select server_id, sync_status from reports_local where id = ?', [clientId])).toEqual(
      {
        server_id: row!.server_id,
        sync_status: 'synced',
      },
    );
    await close();
  });

  it('[DOC-70] sends at once when it is online', async () => {
    const { documents, close } = await phone();
    const clientId = await documents.createReport(POTHOLE);
    await expect.poll(() => reportOf(clientId)).toMatchObject({ title: 'Pothole on Main Street' });
    await close();
  });

  it('[DOC-70] a million UUIDs are a million', async () => {
    const { documents, close } = await phone(false);
    const seen = new Set<string>();
    for (let n = 0; n < 1_000_000; n++) seen.add(documents.uuid.v4());
    expect(seen.size).toBe(1_000_000);
    await close();
  });
});

describe('SyncManager', () => {
  it('[DOC-71] S3-90 to 92 an upload answers each action as the document does', async () => {
    const { documents, online, close } = await phone(false);
    await documents.documentDb.reports!.insert({ id: 'a1', ...POTHOLE, sync_status: 'pending' });
    const actions = await documents.syncQueue.findPending();
    online(true);
    const answer = await documents.api.post('/sync/upload', {
      device_id: await documents.getDeviceId(),
      actions,
    });
    const row = await reportOf('a1');
    expect(answer).toEqual({
      success: true,
      results: [
        {
          client_id: 'a1',
          status: 'success',
          server_id: row!.server_id,
          message: 'Report created successfully',
        },
      ],
      conflicts: [],
      sync_timestamp: new Date(field.time.now()).toISOString(),
    });
    expect(Number.isInteger(row!.server_id)).toBe(true);
    expect(await documents.syncQueue.findPending()).toEqual([]);
    await close();
  });

  it('[DOC-72] S3-93 to 96 a download has what changed since, and the time for the next', async () => {
    const { documents, db, close } = await phone();
    await documents.SyncManager.downloadNewData();
    const since = await documents.getLastSyncTimestamp();
    expect(since).toBe(new Date((await db.status()).checkpointAt!).toISOString());
    await field.time.pass(60_000);
    await field.db.query(
      "insert into reports (id, store_id, title, status) values ('new', '1', 'New Report', 'received')",
    );
    const answer = await documents.api.get('/sync/download', {
      params: { since, device_id: await documents.getDeviceId() },
    });
    expect(answer).toMatchObject({ success: true, has_more: false, sync_timestamp: expect.any(String) });
    expect(answer.data.reports).toMatchObject([{ id: 'new', title: 'New Report', status: 'received' }]);
    expect(Object.keys(answer.data.reports![0]!)).not.toContain('satchel_version');
    expect(answer.data.profile).toEqual([]);
    await close();
  });

  it('[DOC-73] S3-90 to 101 the document’s own classes run over the functions', async () => {
    const { documents, heard, close } = await phone();
    const names = [
      'db',
      'api',
      'getDeviceId',
      'getLastSyncTimestamp',
      'saveLastSyncTimestamp',
      'mergeReports',
      'mergeProfile',
      'uuid',
      'showToast',
      'isOnline',
    ];
    const uploads: Promise<unknown>[] = [];
    const theirs = new Function(
      ...names,
      'uploads',
      `
      class SyncManagerClass {
        async uploadPendingActions() {
          const actions = await db.syncQueue.findPending();
          const response = await api.post('/sync/upload', {
            device_id: await getDeviceId(),
            actions: actions
          });
          for (const result of response.results) {
            if (result.status === 'success') {
              await db.syncQueue.markSynced(result.client_id);
              await db.reports.updateServerId(result.client_id, result.server_id);
            }
          }
        }
        async downloadNewData() {
          const lastSync = await getLastSyncTimestamp();
          const response = await api.get('/sync/download', {
            params: { since: lastSync, device_id: await getDeviceId() }
          });
          await mergeReports(response.data.reports);
          await mergeProfile(response.data.profile);
          await saveLastSyncTimestamp(response.sync_timestamp);
        }
      }
      const SyncManager = new SyncManagerClass();
      async function createReport(reportData) {
        const clientId = uuid.v4();
        await db.reports.insert({ id: clientId, ...reportData, sync_status: 'pending' });
        await db.syncQueue.insert({
          action_type: 'create_report',
          entity_type: 'report',
          entity_id: clientId,
          payload: JSON.stringify(reportData)
        });
        showToast('Report created! Will sync when online.');
        if (await isOnline()) { uploads.push(SyncManager.uploadPendingActions()); }
        return clientId;
      }
      return { SyncManager, createReport };`,
    )(
      documents.documentDb,
      documents.api,
      documents.getDeviceId,
      documents.getLastSyncTimestamp,
      documents.saveLastSyncTimestamp,
      documents.mergeReports,
      documents.mergeProfile,
      documents.uuid,
      documents.showToast,
      documents.isOnline,
      uploads,
    );
    const clientId: string = await theirs.createReport(POTHOLE);
    await Promise.all(uploads);
    await theirs.SyncManager.downloadNewData();
    expect(await reportOf(clientId)).toMatchObject({ title: POTHOLE.title });
    expect(heard.toasts).toEqual(['Report created! Will sync when online.']);
    const { rows } = await field.db.query('select count(*)::int as n from reports where id = $1', [clientId]);
    expect(rows).toEqual([{ n: 1 }]);
    await close();
  });

  it('[DOC-74] an app without the views is told so', async () => {
    const device = await field.device(CITIZEN, { online: false });
    const plain = defineApp({
      name: 'plain',
      tables: { notes: table({ id: id() }, { scope: 'all' }) },
      scopesOf: () => [],
    });
    const db = Object.create(device.db, { app: { value: plain } });
    expect(() => documentsOf(db, { platform: { clock: field.time, random: systemRandom } })).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
    await device.close();
  });
});
