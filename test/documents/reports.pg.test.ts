import type { Satchel } from '@satchel/client';
import type { ClientRecord, Conflict, Figures, Item } from '@satchel/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordMoment } from '../../packages/server/src/moments/moment.ts';
import { type Field, type FieldDevice, openField, type Person } from '../field/field.ts';
import { documentsApp } from './documents-app.ts';

const ANA: Person = { userId: 'ana', roles: ['staff'], claims: { storeId: '1' } };
const BEN: Person = { userId: 'ben', roles: ['staff'], claims: { storeId: '1' } };
const ADMIN: Person = { userId: 'root', roles: ['admin'], claims: { storeId: '1' } };
const HOUR = 3_600_000;
const METRICS = 'a token of the operators';

let field: Field<typeof documentsApp>;
let ana: FieldDevice<typeof documentsApp>;
let ben: FieldDevice<typeof documentsApp>;
let started: number;

const ask = async (person: Person, path: string, body?: unknown) => {
  const answer = await fetch(`${field.server.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${await field.token(person)}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: (await answer.json()) as never };
};
const admin = async <Answer>(path: string, body?: unknown): Promise<Answer> => {
  const { status, json } = await ask(ADMIN, path, body);
  expect(status, path).toBe(200);
  return json;
};
const write = (db: Satchel<typeof documentsApp>, sql: string) => db.write([{ sql }]);
const report = (key: string) =>
  `insert into reports (id, store_id, title) values ('${key}', '1', 'Pothole ${key}')`;

beforeAll(async () => {
  field = await openField(documentsApp, { server: { metricsToken: METRICS } });
  started = field.time.now();
  ana = await field.device(ANA, {
    device: { name: 'Ana’s phone', platform: 'android', appVersion: '1.2.3' },
  });
  ben = await field.device(BEN, { device: { name: 'Ben’s tablet' } });
  // Three reports; two that both edit, so that they wait for a person; one product that the server wins.
  for (const key of ['r1', 'r2', 'r3']) await write(ana.db, report(key));
  await write(ana.db, "insert into products (id, store_id, name, price) values ('rice', '1', 'Rice', 45)");
  await ana.sync();
  await ben.sync();
  ana.online(false);
  for (const key of ['r1', 'r2']) {
    await write(ana.db, `update reports set title = 'Ana ${key}' where id = '${key}'`);
    await write(ben.db, `update reports set title = 'Ben ${key}' where id = '${key}'`);
  }
  await write(ana.db, "update products set price = 50 where id = 'rice'");
  await write(ben.db, "update products set price = 55, name = 'Basmati' where id = 'rice'");
  await ben.sync();
  // The server notes moments each second of real time; here is one.
  await recordMoment(field.server.ctx, true);
  // Ana has no network for two hours.
  await field.time.pass(2 * HOUR);
  await write(ana.db, "insert into forms (id, store_id, title) values ('f1', '1', 'Not hers to make')");
  ana.online(true);
  await ana.sync();
  await field.time.pass(60_000);
  await ana.sync();
  await ben.sync();
});
afterAll(() => field.close());

const figures = (query = '') => admin<Figures>(`/v1/figures${query}`);

describe('who may see reports', () => {
  it.each(['/v1/figures', '/v1/items', '/v1/batches', '/v1/alerts', '/v1/clients'])(
    '[REP-01] %s is for administrators',
    async (path) => {
      const { status, json } = await ask(ANA, path);
      expect([status, (json as { error: { code: string } }).error.code]).toEqual([403, 'not_administrator']);
      expect((await fetch(`${field.server.url}${path}`)).status).toBe(401);
    },
  );
});

describe('devices', () => {
  it('[REP-02] says of every device where it stands', async () => {
    const { clients } = await admin<{ clients: ClientRecord[] }>('/v1/clients');
    expect(clients).toHaveLength(2);
    const hers = clients.find(({ userId }) => userId === 'ana');
    expect(hers).toMatchObject({
      clientId: ana.db.clientId,
      deviceName: 'Ana’s phone',
      platform: 'android',
      appVersion: '1.2.3',
      firstSeenAt: started,
      pending: 2,
      failed: 0,
      quarantined: 1,
      openConflicts: 2,
      refused: 1,
      lastSync: { trigger: expect.any(String) },
    });
    expect(hers!.lastUploadAt).toBeGreaterThan(started);
    expect(hers!.lastDownloadAt).toBe(field.time.now());
    const one = await admin<{ clients: ClientRecord[] }>('/v1/clients?user=ben');
    expect(one.clients.map(({ userId }) => userId)).toEqual(['ben']);
  });
});

describe('what did not go through', () => {
  const items = async (query: string) => (await admin<{ items: Item[] }>(`/v1/items${query}`)).items;

  it('[REP-03] lists what was refused, with its reason, and what waits', async () => {
    const all = await items('');
    expect(all.map(({ state }) => state).sort()).toEqual(['rejected', 'review', 'review']);
    expect(await items('?state=rejected')).toMatchObject([
      {
        clientId: ana.db.clientId,
        userId: 'ana',
        deviceName: 'Ana’s phone',
        problem: { code: 'op_denied' },
        changes: [{ table: 'forms', key: 'f1' }],
      },
    ]);
  });

  it('[REP-03] by device, user, table, code and time', async () => {
    expect(await items('?table=reports')).toHaveLength(2);
    expect(await items('?code=op_denied')).toHaveLength(1);
    expect(await items('?code=scope_denied')).toEqual([]);
    expect(await items(`?device=${ben.db.clientId}`)).toEqual([]);
    expect(await items('?user=ana&state=review')).toHaveLength(2);
    expect(await items(`?since=${started + HOUR}`)).toHaveLength(3);
    expect(await items(`?until=${started + HOUR}`)).toEqual([]);
  });

  it('[REP-04] page by page, none twice and none missing', async () => {
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page: { items: Item[]; next?: string } = await admin(
        `/v1/items?limit=1${after === undefined ? '' : `&after=${after}`}`,
      );
      seen.push(...page.items.map(({ mutationId }) => mutationId));
      after = page.next;
    } while (after !== undefined);
    expect(seen).toEqual((await items('')).map(({ mutationId }) => mutationId));
    const { status } = await ask(ADMIN, '/v1/items?after=nonsense');
    expect(status).toBe(400);
  });
});

describe('batches', () => {
  it('[REP-05] are listed by device, user and time; each has its text, byte for byte', async () => {
    const { batches } = await admin<{
      batches: { batchId: string; bytes: number; mutations: number; deviceName: string }[];
    }>(`/v1/batches?device=${ana.db.clientId}`);
    const sent = ana.exchanges.filter(({ path }) => path === '/v1/push').map(({ sent }) => sent);
    expect(batches).toHaveLength(sent.length);
    for (const [at, text] of [...sent].reverse().entries()) {
      const raw = await admin<{ body: string }>(`/v1/batches/${batches[at]!.batchId}`);
      expect(raw.body).toBe(text);
      expect(batches[at]!.bytes).toBe(Buffer.byteLength(text));
      expect(batches[at]!.mutations).toBe((JSON.parse(text) as { mutations: unknown[] }).mutations.length);
    }
  });

  it('[REP-05] replay, dry and wet, changes nothing that is settled', async () => {
    const { batches } = await admin<{ batches: { batchId: string }[] }>('/v1/batches?user=ana&limit=1');
    const rows = () =>
      field.db.query('select id, title from reports union all select id, title from forms order by 1');
    const before = (await rows()).rows;
    for (const dryRun of [true, false]) {
      const answer = await admin<{ dryRun: boolean; answers: unknown[] }>(
        `/v1/batches/${batches[0]!.batchId}/replay`,
        { dryRun },
      );
      expect(answer.dryRun).toBe(dryRun);
      expect(answer.answers.length).toBeGreaterThan(0);
      expect((await rows()).rows).toEqual(before);
    }
  });
});

describe('conflicts', () => {
  const conflicts = async (query: string) =>
    (await admin<{ conflicts: Conflict[] }>(`/v1/conflicts${query}`)).conflicts;

  it('[REP-06] are found by table, kind, row, column, policy, author, device and time', async () => {
    expect(await conflicts('')).toHaveLength(3);
    for (const [query, found] of [
      ['?table=reports', 2],
      ['?table=products', 1],
      ['?state=open', 2],
      ['?state=settled', 1],
      ['?kind=update', 3],
      ['?kind=delete', 0],
      ['?key=r1', 1],
      ['?column=price', 1],
      ['?policy=review', 2],
      ['?author=ana', 3],
      ['?author=ben', 0],
      [`?device=${ana.db.clientId}`, 3],
      [`?device=${ben.db.clientId}`, 0],
      [`?since=${started + HOUR}`, 3],
      [`?until=${started + HOUR}`, 0],
      ['?table=reports&key=r2&state=open', 1],
    ] as const)
      expect([query, (await conflicts(query)).length]).toEqual([query, found]);
  });

  it('[REP-06] of a device that is locked out can be looked at', async () => {
    await admin(`/v1/clients/${ana.db.clientId}/revoke`, { action: 'lock' });
    expect(await conflicts(`?device=${ana.db.clientId}`)).toHaveLength(3);
    await admin(`/v1/clients/${ana.db.clientId}/restore`, {});
  });
});

describe('figures', () => {
  it('[REP-07] success rate, length and bytes of syncs are those that the devices made', async () => {
    const { syncs } = await figures();
    const runs = [...(await ana.db.history(100)), ...(await ben.db.history(100))];
    expect(syncs.total).toBeGreaterThan(2);
    expect(syncs.total).toBeLessThanOrEqual(runs.length);
    expect(syncs.successRate).toBe(syncs.succeeded / syncs.total);
    const { rows } = await field.db.query<{ client_id: string; started_at: number; sent_bytes: number }>(
      'select client_id, started_at, sent_bytes from satchel.syncs',
    );
    expect(rows).toHaveLength(syncs.total);
    expect(syncs.sentBytes).toBe(rows.reduce((sum, row) => sum + row.sent_bytes, 0));
    for (const row of rows)
      expect(
        runs.some(({ startedAt, sent }) => startedAt === row.started_at && sent === row.sent_bytes),
      ).toBe(true);
  });

  it('[REP-08] every change that got an outcome is counted once', async () => {
    const { changes } = await figures();
    // Ana: 4 inserts, 2 held for review, 1 superseded, 1 refused; Ben: 3 updates.
    expect(changes).toEqual({ received: 11, applied: 7, merged: 0, superseded: 1, review: 2, rejected: 1 });
  });

  it('[REP-09] conflict rate, by table and by column', async () => {
    const { conflicts } = await figures();
    expect(conflicts).toMatchObject({ total: 3, rate: 3 / 11 });
    expect(conflicts.byTable).toEqual([
      { table: 'reports', changes: 7, conflicts: 2, rate: 2 / 7 },
      { table: 'products', changes: 3, conflicts: 1, rate: 1 / 3 },
      { table: 'forms', changes: 1, conflicts: 0, rate: 0 },
    ]);
    expect(conflicts.byColumn).toEqual([
      { table: 'reports', column: 'title', changes: 4, conflicts: 2, rate: 0.5 },
      { table: 'products', column: 'price', changes: 2, conflicts: 1, rate: 0.5 },
      { table: 'products', column: 'name', changes: 1, conflicts: 0, rate: 0 },
    ]);
  });

  it('[REP-10] reasons of failures, by code', async () => {
    expect((await figures()).failures).toEqual([{ code: 'op_denied', syncs: 0, changes: 1 }]);
  });

  it('[REP-11] the time in which work waited for a network, by user', async () => {
    expect((await figures()).offline).toEqual([
      { userId: 'ana', changes: 3, totalMs: 2 * HOUR, longestMs: 2 * HOUR },
    ]);
  });

  it('[REP-12] time to consistency, of what devices were handed', async () => {
    const { consistency } = await figures();
    expect(consistency.samples).toBeGreaterThan(0);
    expect(consistency.devices).toBeGreaterThanOrEqual(consistency.samples);
    // What Ben wrote reached Ana when she came back.
    expect(consistency.maxMs).toBe(2 * HOUR);
  });

  it('[REP-13] what waits on devices, by user', async () => {
    expect((await figures()).queues).toEqual([
      { userId: 'ana', devices: 1, pending: 2, failed: 0, quarantined: 1 },
      { userId: 'ben', devices: 1, pending: 0, failed: 0, quarantined: 0 },
    ]);
  });

  it('[REP-14] count what is between the times, and a share of nothing is null', async () => {
    const before = await figures(`?until=${started + HOUR}`);
    expect(before.changes).toMatchObject({ received: 7, applied: 7 });
    const later = await figures(`?since=${field.time.now() + HOUR}&until=${field.time.now() + 2 * HOUR}`);
    expect(later.changes.received).toBe(0);
    expect(later.syncs).toMatchObject({ total: 0, successRate: null, meanMs: null });
    expect(later.conflicts.rate).toBeNull();
    expect((await ask(ADMIN, '/v1/figures?since=yesterday')).status).toBe(400);
  });
});

it('[REP-17] S3-119 to 121, S0-147: the day’s figures are in the metrics too', async () => {
  const answer = await fetch(`${field.server.url}/metrics`, {
    headers: { authorization: `Bearer ${METRICS}` },
  });
  const lines = (await answer.text()).split('\n');
  const value = (name: string) => Number(lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1]);
  const { syncs, conflicts, consistency, queues } = await figures();
  expect(value('satchel_sync_success_ratio')).toBe(syncs.successRate);
  expect(value('satchel_sync_seconds_mean')).toBe(syncs.meanMs! / 1_000);
  expect(value('satchel_conflict_ratio')).toBe(conflicts.rate);
  expect(value('satchel_consistency_seconds_p95')).toBe(consistency.p95Ms! / 1_000);
  expect(value('satchel_pending_on_devices')).toBe(queues.reduce((sum, { pending }) => sum + pending, 0));
  expect(value('satchel_alerts_standing')).toBe(0);
});

describe('the audit of a row', () => {
  it('[REP-15] who, when, which device, before, after, and by which rule', async () => {
    const path = '/v1/history/products/rice';
    const { entries } = await admin<{ entries: Record<string, unknown>[] }>(path);
    expect(entries).toMatchObject([
      {
        op: 'update',
        userId: 'ben',
        deviceName: 'Ben’s tablet',
        at: started,
        before: { price: 45, name: 'Rice' },
        after: { price: 55, name: 'Basmati' },
      },
      { op: 'insert', userId: 'ana', deviceName: 'Ana’s phone' },
    ]);
    expect(entries[0]).not.toHaveProperty('rule');
  });

  it('[REP-16] several conflicts are settled at once; one that cannot be is told why', async () => {
    const { conflicts } = await admin<{ conflicts: Conflict[] }>('/v1/conflicts?state=open');
    const ids = conflicts.map(({ conflictId }) => conflictId);
    const unknown = '0192f0c1-7a3e-7c11-9a5e-3f1d2b4c5d6e';
    const { results } = await admin<{
      results: { conflictId: string; conflict?: Conflict; problem?: { code: string } }[];
    }>('/v1/conflicts/resolve', {
      conflictIds: [ids[0], unknown, ids[1], ids[0]],
      decision: 'accept-client',
      note: 'Asked Ana.',
    });
    expect(results.map(({ conflictId }) => conflictId)).toEqual([ids[0], unknown, ids[1]]);
    expect(results[0]!.conflict).toMatchObject({
      state: 'settled',
      decision: 'accept-client',
      decidedBy: 'root',
    });
    expect(results[1]!.problem).toMatchObject({ code: 'conflict_unknown' });
    expect(results[2]!.conflict).toMatchObject({ note: 'Asked Ana.' });
    expect(
      (await field.db.query('select title from reports where id = any($1) order by id', [['r1', 'r2']])).rows,
    ).toEqual([{ title: 'Ana r1' }, { title: 'Ana r2' }]);
    const refused = await ask(ADMIN, '/v1/conflicts/resolve', { conflictIds: ids, decision: 'merged' });
    expect(refused.status).toBe(400);
    // Somebody who may not see them learns nothing.
    const stranger = await ask(BEN, '/v1/conflicts/resolve', { conflictIds: ids, decision: 'accept-server' });
    expect(
      (stranger.json as { results: { problem: { code: string } }[] }).results.map(
        ({ problem }) => problem.code,
      ),
    ).toEqual(ids.map(() => 'conflict_unknown'));
    const { entries } = await admin<{ entries: Record<string, unknown>[] }>('/v1/history/reports/r1');
    expect(entries[0]).toMatchObject({
      after: { title: 'Ana r1' },
      rule: { policy: 'review', decision: 'accept-client', decidedBy: 'root' },
    });
  });
});
