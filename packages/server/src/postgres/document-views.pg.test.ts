import { type App, defineApp, id, integer, ref, review, table, text } from '@satchel/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Device,
  type Field,
  insert,
  openField,
  outcomeOf,
  principal,
  rowsOf,
  update,
  versionIn,
} from '../../test/push/field.ts';
import { collectOutcomes } from '../clients/collect.ts';
import { resolveConflict } from '../conflicts/resolve.ts';
import { applyApp } from './app-tables.ts';

const civic = (more: object = {}): App =>
  defineApp({
    name: 'civic',
    lanes: ['high', 'low'],
    tables: {
      reports: table(
        { id: id(), storeId: text(), title: text(), status: text({ default: 'received' }) },
        {
          scope: 'store:{storeId}',
          lane: 'high',
          conflicts: { update: 'server-wins' },
          access: { delete: 'officer' },
        },
      ),
      taskNotes: table(
        { id: id(), reportId: ref('reports'), storeId: text(), noteText: text(), weight: integer() },
        { scope: 'store:{storeId}', lane: 'low', conflicts: { update: review() }, retry: { attempts: 2 } },
      ),
    },
    scopesOf: ({ claims }) => (claims.stores as string[]).map((store) => `store:${store}`),
    sync: { retry: { attempts: 3 } },
    documentViews: { server: true },
    ...more,
  });

let field: Field;
let ana: Device;
let ben: Device;
const admin = principal('root', ['1'], ['admin']);
const report = (key: string) =>
  insert('reports', key, { storeId: '1', title: `Pothole ${key}`, status: 'received' });
const note = (key: string, reportId: string, weight = 1) =>
  insert('taskNotes', key, { storeId: '1', reportId, noteText: 'deep', weight });

/** A query of the documents to the letter, the views found by the search path. */
const asked = (text: string) =>
  field.db.transaction('snapshot', async (tx) => {
    await tx.query('set local search_path = satchel_documents, public');
    return (await tx.query<Record<string, unknown>>(text)).rows;
  });

const PENDING = `SELECT COUNT(*) FROM offline_actions_log 
WHERE processed = FALSE;`;
const UNRESOLVED = `SELECT COUNT(*) FROM sync_conflicts 
WHERE resolved = FALSE;`;
const ACTIVITY = `SELECT device_id, COUNT(*) as sync_count
FROM client_sync_state
GROUP BY device_id;`;
const FAILED = `SELECT * FROM offline_actions_log
WHERE processed = FALSE 
AND retry_count >= max_retries;`;

beforeAll(async () => {
  field = await openField(civic());
  ana = new Device(field.ctx, principal('ana', ['1']));
  ben = new Device(field.ctx, principal('ben', ['1']));
  // Six that go well, one update that loses, one that waits for a person.
  const made = await ana.push([
    ana.mutation([report('r1')]),
    ana.mutation([report('r2')]),
    ana.mutation([report('r3'), note('n1', 'r3')]),
  ]);
  const first = versionIn(outcomeOf(made[0]));
  const noted = versionIn(outcomeOf(made[2]), 1);
  await ben.write(
    update('reports', 'r1', { title: 'Filled' }, { version: first, values: { title: 'Pothole r1' } }),
    update('taskNotes', 'n1', { weight: 50 }, { version: noted, values: { weight: 1 } }),
  );
  await ana.write(
    update('reports', 'r1', { title: 'Larger' }, { version: first, values: { title: 'Pothole r1' } }),
  );
  await ana.write(update('taskNotes', 'n1', { weight: 42 }, { version: noted, values: { weight: 1 } }));
  // One that waits for its report, two that are refused: no right, and another's scope.
  await ben.push([ben.mutation([note('n9', 'nowhere')])]);
  await ana.write({ table: 'reports', op: 'delete', key: 'r2' });
  await ana.write(insert('reports', 'r8', { storeId: '77', title: 'Elsewhere 🕳', status: 'received' }));
});
afterAll(() => field.drop());

describe('the documents’ monitoring queries', () => {
  it('[DOC-30] S3-124 pending offline actions: what waits, and what was refused', async () => {
    expect(await asked(PENDING)).toEqual([{ count: 4 }]);
    const waiting = await asked(
      `select action_type, entity_id, status, payload from offline_actions_log where processed = false order by status, entity_id`,
    );
    expect(waiting).toEqual([
      { action_type: 'delete_report', entity_id: 'r2', status: 'failed', payload: {} },
      {
        action_type: 'create_report',
        entity_id: 'r8',
        status: 'failed',
        payload: { id: 'r8', store_id: '77', title: 'Elsewhere 🕳', status: 'received' },
      },
      {
        action_type: 'create_task_note',
        entity_id: 'n9',
        status: 'held',
        payload: { id: 'n9', store_id: '1', report_id: 'nowhere', note_text: 'deep', weight: 1 },
      },
      { action_type: 'update_task_note', entity_id: 'n1', status: 'review', payload: { weight: 42 } },
    ]);
  });

  it('[DOC-31] S3-125 unresolved conflicts: those that wait for a person, and none that a rule settled', async () => {
    expect(await asked(UNRESOLVED)).toEqual([{ count: 1 }]);
    expect(await asked('select count(*) from sync_conflicts')).toEqual([{ count: 2 }]);
  });

  it('[DOC-32] S3-126 sync activity by device: how often each has synced', async () => {
    const run = (startedAt: number) => ({
      startedAt,
      endedAt: startedAt + 120,
      trigger: 'hand',
      sent: 10,
      received: 20,
      rowsDown: 1,
      mutationsUp: 1,
    });
    const cleo = new Device(field.ctx, principal('cleo', ['1']));
    const told = (...starts: number[]) => ({ client: { deviceName: 'Cleo’s', runs: starts.map(run) } });
    await cleo.push([cleo.mutation([report('r4')])], told(1_000, 2_000));
    await cleo.push([cleo.mutation([report('r5')])], told(2_000, 3_000));
    const counts = await asked(ACTIVITY);
    expect(counts).toHaveLength(3);
    expect(counts).toContainEqual({ device_id: cleo.clientId, sync_count: 3 });
    // A device that tells nothing of itself is counted by its visits.
    expect(counts).toContainEqual({ device_id: ben.clientId, sync_count: 1 });
  });

  it('[DOC-33] S3-127 failed actions: those that were refused, with their reason', async () => {
    const failed = await asked(FAILED);
    expect(failed.map(({ entity_id }) => entity_id).sort()).toEqual(['r2', 'r8']);
    const [denied] = failed.filter(({ entity_id }) => entity_id === 'r2');
    expect(denied).toMatchObject({
      user_id: 'ana',
      device_id: ana.clientId,
      client_id: 'r2',
      entity_type: 'report',
      priority: 'high',
      processed: false,
      retry_count: 3,
      max_retries: 3,
      error_message: 'op_denied',
    });
    expect(failed.find(({ entity_id }) => entity_id === 'r8')).toMatchObject({
      error_message: 'scope_denied',
    });
  });

  it('[DOC-33] what was refused is in the log when its outcome has been collected, what went well too', async () => {
    const before = await asked('select id, processed, status from offline_actions_log order by id');
    field.passes(91 * 86_400_000);
    expect(await collectOutcomes(field.ctx)).toBeGreaterThan(0);
    expect(await asked('select id, processed, status from offline_actions_log order by id')).toEqual(before);
    expect(await asked(FAILED)).toHaveLength(2);
  });
});

describe('the views', () => {
  it('[DOC-34] client_sync_state says where a device stands', async () => {
    const [state] = await asked(
      `select distinct on (device_id) * from client_sync_state where user_id = 'cleo' order by device_id, synced_at desc`,
    );
    expect(state).toMatchObject({
      user_id: 'cleo',
      device_info: { name: 'Cleo’s' },
      pending_uploads: 0,
      conflicts: 0,
      sync_duration_ms: 120,
      sync_error: null,
    });
    expect(state!.last_upload).not.toBeNull();
    expect(state!.last_download).toBeNull();
  });

  it('[DOC-35] sync_conflicts has both sides, the strategy, and what it was resolved to', async () => {
    const [settled] = await asked('select * from sync_conflicts where resolved');
    expect(settled).toMatchObject({
      user_id: 'ana',
      device_id: ana.clientId,
      entity_type: 'report',
      entity_id: 'r1',
      conflict_type: 'update',
      client_data: { title: 'Larger' },
      server_data: { title: 'Filled' },
      resolution_strategy: 'server_wins',
      resolution: 'accept_server',
      resolved_data: { title: 'Filled' },
      resolved_by: 'policy',
    });
  });

  it('[DOC-36] sync_batches keeps the request byte for byte, sync_items each of its items', async () => {
    const request = ana.request([ana.mutation([report('r6'), note('n6', 'r6', 3)])]);
    const raw = `${JSON.stringify(request)} `;
    const { push } = await import('../push/push.ts');
    await push(field.ctx, ana.principal, request, raw);
    const [batch] = await asked(`select * from sync_batches where id = '${request.batchId}'`);
    expect(batch).toMatchObject({
      device_id: ana.clientId,
      user_id: 'ana',
      item_count: 1,
      payload: raw,
      bytes: Buffer.byteLength(raw),
    });
    const items = await asked(`select * from sync_items where batch_id = '${request.batchId}' order by id`);
    expect(items).toMatchObject([
      {
        client_temp_id: 'r6',
        resource_type: 'report',
        action: 'create',
        payload: { title: 'Pothole r6', store_id: '1' },
        raw: request.mutations[0]!.changes[0],
        status: 'ok',
        server_id: 'r6',
        error: null,
      },
      { resource_type: 'task_note', status: 'ok', payload: { note_text: 'deep', weight: 3 } },
    ]);
    expect(items[0]!.server_version).toBeGreaterThan(0);
  });

  it('[DOC-36] an item is ok, conflict, error or pending', async () => {
    const statuses = await asked(
      `select resource_id, action, status, error from sync_items where status <> 'ok' order by resource_id`,
    );
    expect(statuses).toEqual([
      { resource_id: 'n1', action: 'update', status: 'conflict', error: null },
      { resource_id: 'n9', action: 'create', status: 'pending', error: null },
      { resource_id: 'r2', action: 'delete', status: 'error', error: 'op_denied' },
      { resource_id: 'r8', action: 'create', status: 'error', error: 'scope_denied' },
    ]);
  });

  it('[DOC-37] conflicts has what an administrator resolves, and what became of it', async () => {
    const open = await asked(`select * from conflicts where status = 'open'`);
    expect(open).toMatchObject([
      {
        resource_type: 'task_note',
        resource_id: 'n1',
        server_payload: { weight: 50, last_updated_by: 'ben' },
        client_payload: { weight: 42, device_ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) },
        resolution: null,
      },
    ]);
    expect(open[0]!.detected_at).toEqual(expect.anything());
    await resolveConflict(field.ctx, admin, open[0]!.id as string, { decision: 'accept-client' });
    expect(await asked(UNRESOLVED)).toEqual([{ count: 0 }]);
    expect(
      await asked(`select resolution, resolved_by from conflicts where id = '${String(open[0]!.id)}'`),
    ).toEqual([{ resolution: 'accept_client', resolved_by: 'root' }]);
  });

  it('[DOC-38] text that jsonb cannot hold does not break them', async () => {
    const outcome = await ana.write(
      insert('reports', 'r7', { storeId: '1', title: 'a\u0000b', status: 'x' }),
    );
    expect(outcome.outcome).toBe('rejected');
    const [row] = await asked(`select payload from offline_actions_log where entity_id = 'r7'`);
    expect(row).toMatchObject({ payload: { title: 'a\ufffdb' } });
  });

  it('[DOC-39] are made once, follow the app, and go when it asks no more', async () => {
    const oid = async () =>
      (await rowsOf(field.db, `select oid::int from pg_class where relname = 'offline_actions_log'`))[0]?.oid;
    const before = await oid();
    await applyApp(field.db, civic());
    expect(await oid()).toBe(before);
    await applyApp(field.db, civic({ sync: { retry: { attempts: 7 } } }));
    expect(await oid()).not.toBe(before);
    await applyApp(field.db, civic({ documentViews: false }));
    expect(await rowsOf(field.db, `select 1 from pg_views where schemaname = 'satchel_documents'`)).toEqual(
      [],
    );
    await applyApp(field.db, civic());
    expect(await oid()).toBeDefined();
  });
});
