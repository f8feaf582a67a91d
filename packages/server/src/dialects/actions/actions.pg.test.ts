import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reportsApp } from '../../../test/dialects/apps.ts';
import { type Asking, type DialectFixture, openDialects } from '../../../test/dialects/fixture.ts';
import { expectAnswer } from '../../../test/dialects/shape.ts';
import { healthOf } from './device-status.ts';

interface Result {
  client_id: string;
  status: 'success' | 'conflict' | 'pending' | 'error';
  server_id: number | string | null;
  message: string;
  entity_id?: string;
  conflict_id?: string;
  code?: string;
}
interface Uploaded {
  success: boolean;
  results: Result[];
  conflicts: Record<string, unknown>[];
  sync_timestamp: string;
}
interface Downloaded {
  data: Record<string, Record<string, unknown>[]>;
  sync_timestamp: string;
  has_more: boolean;
  full_sync: boolean;
  conflicts: Record<string, unknown>[];
}

let field: DialectFixture;
let ana: Asking;
let officer: Asking;
let admin: Asking;
let named = 0;
const device = () => `phone-${++named}`;
let made = 0;
const action = (type: string, entity: string, data: Record<string, unknown>, rest: object = {}) => ({
  client_id: `act-${++made}`,
  action_type: type,
  entity_type: entity,
  timestamp: new Date(Date.now() - 5_000 + made).toISOString(),
  data,
  ...rest,
});
const upload = (who: Asking, device_id: string, actions: unknown[], since?: string) =>
  who.post<Uploaded>('/api/v1/sync/upload', {
    device_id,
    ...(since === undefined ? {} : { last_sync_timestamp: since }),
    actions,
  });
const download = (who: Asking, device_id: string, since?: string) =>
  who.get<Downloaded>(
    `/api/v1/sync/download?device_id=${device_id}${since === undefined ? '' : `&since=${encodeURIComponent(since)}`}`,
  );

beforeAll(async () => {
  field = await openDialects(reportsApp());
  ana = field.as(await field.token({ userId: 'ana', roles: ['citizen'] }));
  officer = field.as(await field.token({ userId: 'olga', roles: ['officer'] }));
  admin = field.as(await field.token({ userId: 'root', roles: ['admin'] }));
});
afterAll(() => field.close());

describe('the documents’ own requests', () => {
  test('[DIA-01] S3 upload, download, status, conflicts and resolve, to the letter', async () => {
    const letter = {
      device_id: 'abc-123-def-456',
      last_sync_timestamp: '2025-10-19T10:00:00Z',
      actions: [
        {
          client_id: 'uuid-1',
          action_type: 'create_report',
          entity_type: 'report',
          timestamp: '2025-10-19T09:30:00Z',
          data: {
            title: 'Pothole on Main Street',
            description: 'Large pothole',
            category: 'roads',
            latitude: 23.3441,
            longitude: 85.3096,
          },
        },
      ],
    };
    const uploaded = await ana.post<Uploaded>('/api/v1/sync/upload', letter);
    expectAnswer('actions', 'actionsUpload', uploaded);
    expect(uploaded).toMatchObject({
      success: true,
      results: [
        {
          client_id: 'uuid-1',
          status: 'success',
          server_id: expect.any(Number),
          message: 'Report created successfully',
        },
      ],
      conflicts: [],
      sync_timestamp: expect.stringMatching(/Z$/),
    });
    const [row] = await field.sql('select * from reports where id = $1', ['uuid-1']);
    expect(row).toMatchObject({
      latitude: 23.3441,
      longitude: 85.3096,
      status: 'received',
      reporter_id: 'ana',
    });

    await upload(ana, device(), [action('update_profile', 'profile', { name: 'Ana' })]);
    const path = '/api/v1/sync/download?since=2025-10-19T10:00:00Z&device_id=abc-123';
    const downloaded = await ana.get<Downloaded>(path);
    expectAnswer('actions', 'actionsDownload', downloaded);
    expect(downloaded).toMatchObject({
      success: true,
      has_more: false,
      data: {
        reports: [
          {
            id: uploaded.results[0]?.server_id,
            client_id: 'uuid-1',
            title: 'Pothole on Main Street',
            status: 'received',
            updated_at: expect.stringMatching(/Z$/),
          },
        ],
        profile: [{ id: 'ana', name: 'Ana' }],
      },
    });
    const status = await ana.get('/api/v1/sync/status?device_id=abc-123');
    expectAnswer('actions', 'actionsStatus', status);
    expect(status).toMatchObject({
      device_id: 'abc-123',
      last_sync: expect.stringMatching(/Z$/),
      last_download: expect.stringMatching(/Z$/),
      pending_uploads: 0,
      conflicts: 0,
      sync_health: 'good',
    });
    expect(await ana.get('/api/v1/sync/status?device_id=abc-123-def-456')).toMatchObject({
      last_upload: expect.stringMatching(/Z$/),
    });
    expectAnswer('actions', 'actionsConflicts', await ana.get('/api/v1/sync/conflicts'));
  });
});

describe('once', () => {
  test('[DIA-30] S3-33 the same action twice is one report with one server_id, also with a new stamp', async () => {
    const phone = device();
    const create = action('create_report', 'report', { title: 'Lamp' });
    const first = await upload(ana, phone, [create]);
    const before = await field.sql('select count(*) from satchel.audit');
    const again = await upload(ana, phone, [create]);
    const restamped = await upload(ana, phone, [{ ...create, timestamp: new Date().toISOString() }]);
    expect(again.results).toEqual(first.results);
    expect(restamped.results).toEqual(first.results);
    expect(await field.sql('select count(*) from satchel.audit')).toEqual(before);
    const other = await upload(ana, phone, [{ ...create, data: { title: 'Another' } }]);
    expect(other.results).toMatchObject([{ status: 'error', code: 'item_reused' }]);
  });

  test('[DIA-35] ids of both kinds name a row, and refer to one', async () => {
    const phone = device();
    const created = await upload(officer, phone, [
      action('create_report', 'report', { title: 'Tree', reporter_id: 'ana' }),
    ]);
    const [report] = created.results;
    const done = await upload(officer, phone, [
      action('create_task', 'task', { report_id: report?.server_id, title: 'Look' }),
      action('create_task', 'task', { report_id: report?.entity_id, title: 'Cut' }),
      action('update_report', 'report', { id: report?.server_id, status: 'in_progress' }),
      action('update_report', 'report', { id: 99_999, status: 'in_progress' }),
    ]);
    expect(done.results.map(({ status, message }) => [status, message])).toEqual([
      ['success', 'Task created successfully'],
      ['success', 'Task created successfully'],
      ['success', 'Report updated successfully'],
      ['error', expect.stringContaining('99999')],
    ]);
    expect(
      await field.sql('select distinct report_id from tasks where report_id = $1', [report?.entity_id]),
    ).toHaveLength(1);
    const gone = await upload(officer, phone, [
      action('delete_task', 'task', { id: done.results[0]?.server_id }),
    ]);
    expect(gone.results).toMatchObject([{ status: 'success', message: 'Task deleted successfully' }]);
  });

  test('[DIA-36] one bad action is told of alone', async () => {
    const results = (
      await upload(ana, device(), [
        action('create_report', 'report', { title: 'Good' }),
        action('shout_report', 'report', {}),
        action('create_dragon', 'dragon', {}),
        action('create_report', 'report', { description: 'no title' }),
        action('create_report', 'report', { title: 'x', colour: 'red' }),
        action('update_report', 'report', { id: 'uuid-1', status: 'resolved' }),
      ])
    ).results;
    expect(results.map(({ status, code }) => [status, code])).toEqual([
      ['success', undefined],
      ['error', 'request_invalid'],
      ['error', 'table_unknown'],
      ['error', 'value_required'],
      ['error', 'column_unknown'],
      ['error', 'column_denied'],
    ]);
    for (const { message } of results) expect(message.length).toBeGreaterThan(20);
  });
});

describe('download', () => {
  test('[DIA-24] S3-58 2,500 changes in pages until has_more is false: none twice, none missing', async () => {
    const phone = device();
    await field.sql(
      `insert into reports (id, reporter_id, title) select 'many-' || n, 'many', 'Report ' || n from generate_series(1, 2500) n`,
    );
    const many = field.as(await field.token({ userId: 'many' }));
    const seen: string[] = [];
    let since: string | undefined;
    let pages = 0;
    for (;;) {
      const page = await download(many, phone, since);
      seen.push(...page.data.reports!.map((row) => String(row.client_id)));
      since = page.sync_timestamp;
      pages += 1;
      if (!page.has_more) break;
    }
    expect(pages).toBeGreaterThan(2);
    expect([seen.length, new Set(seen).size]).toEqual([2_500, 2_500]);
    await field.sql(`update reports set title = title || '!' where reporter_id = 'many'`);
    await field.sql(`delete from reports where id = 'many-7'`);
    const delta: string[] = [];
    let gone: unknown;
    for (;;) {
      const page = await download(many, phone, since);
      for (const row of page.data.reports!) {
        if (row.is_deleted === true) gone = row;
        else delta.push(String(row.client_id));
      }
      since = page.sync_timestamp;
      if (!page.has_more) break;
    }
    expect([delta.length, new Set(delta).size]).toEqual([2_499, 2_499]);
    expect(gone).toEqual({ id: expect.any(Number), client_id: 'many-7', is_deleted: true });
  });

  test('[DIA-25] S0-139 If-None-Match: 304 with no body while nothing is new', async () => {
    const phone = device();
    const path = (since: string) =>
      `/api/v1/sync/download?device_id=${phone}&since=${encodeURIComponent(since)}`;
    const first = await ana.ask(`/api/v1/sync/download?device_id=${phone}`);
    const { sync_timestamp: since } = first.json as Downloaded;
    const etag = String(first.headers.etag);
    const same = await ana.ask(path(since), { headers: { 'if-none-match': etag } });
    expect([same.status, same.bytes.length, same.headers.etag]).toEqual([304, 0, etag]);
    await upload(ana, phone, [action('create_report', 'report', { title: 'News' })]);
    const news = await ana.ask(path(since), { headers: { 'if-none-match': etag } });
    expect(news.status).toBe(200);
    expect((news.json as Downloaded).data.reports).toMatchObject([{ title: 'News' }]);
  });

  test('[DIA-20] nothing is missed, whatever commits late', async () => {
    const phone = device();
    let since = (await download(ana, phone)).sync_timestamp;
    let commit = () => {};
    let wrote = () => {};
    const written = new Promise<void>((resolve) => {
      wrote = resolve;
    });
    const late = field.database.db.transaction('write', async (tx) => {
      await tx.query(`insert into reports (id, reporter_id, title) values ('late', 'ana', 'Late')`);
      wrote();
      await new Promise<void>((resolve) => {
        commit = resolve;
      });
    });
    await written;
    await field.sql(`insert into reports (id, reporter_id, title) values ('prompt', 'ana', 'Prompt')`);
    const before = await download(ana, phone, since);
    expect(before.data.reports).toMatchObject([{ client_id: 'prompt' }]);
    since = before.sync_timestamp;
    commit();
    await late;
    expect((await download(ana, phone, since)).data.reports).toMatchObject([{ client_id: 'late' }]);
  });
});

describe('conflicts', () => {
  const clash = async (title: string) => {
    const [a, b] = [device(), device()];
    const created = await upload(ana, a, [action('create_report', 'report', { title })]);
    const id = created.results[0]?.server_id;
    const [ta, tb] = [(await download(ana, a)).sync_timestamp, (await download(ana, b)).sync_timestamp];
    await upload(ana, a, [action('update_report', 'report', { id, title: `${title} A` })], ta);
    const second = await upload(ana, b, [action('update_report', 'report', { id, title: `${title} B` })], tb);
    expectAnswer('actions', 'actionsUpload', second);
    expect(second.results).toMatchObject([{ status: 'conflict', server_id: id }]);
    return { a, b, id, ta, tb, conflict: second.conflicts[0]! };
  };
  const titleOf = async (id: unknown) =>
    (await field.sql('select title from reports where server_id = $1', [id]))[0]?.title;

  test.each([
    ['server_wins', undefined, 'X A'],
    ['client_wins', undefined, 'X B'],
    ['merge', { title: 'X A and B' }, 'X A and B'],
    ['keep_local', undefined, 'X B'],
    ['use_server', undefined, 'X A'],
  ])(
    '[DIA-50] S3 test 2: two devices, resolved by %s, ends alike on both',
    async (resolution, data, title) => {
      const { a, b, id, ta, tb, conflict } = await clash('X');
      expect(conflict).toMatchObject({
        entity_type: 'report',
        status: 'open',
        client_data: { title: 'X B' },
        server_data: { title: 'X A' },
      });
      const list = await ana.get<{ conflicts: { conflict_id: string }[] }>(
        `/api/v1/sync/conflicts?device_id=${b}`,
      );
      expectAnswer('actions', 'actionsConflicts', list);
      expect(list.conflicts.map(({ conflict_id }) => conflict_id)).toEqual([conflict.conflict_id]);
      expect(await ana.get(`/api/v1/sync/status?device_id=${b}`)).toMatchObject({
        conflicts: 1,
        sync_health: 'attention',
      });
      const resolved = await ana.post('/api/v1/sync/resolve-conflict', {
        conflict_id: conflict.conflict_id,
        resolution,
        ...(data === undefined ? {} : { resolved_data: data }),
      });
      expectAnswer('actions', 'actionsResolveConflict', resolved);
      expect(await titleOf(id)).toBe(title);
      for (const [phone, since] of [
        [a, ta],
        [b, tb],
      ] as const) {
        const page = await download(ana, phone, since);
        expect(page.data.reports?.find((row) => row.id === id)).toMatchObject({ title });
        if (phone === b)
          expect(page.conflicts).toMatchObject([{ conflict_id: conflict.conflict_id, status: 'resolved' }]);
      }
      expect(await ana.get(`/api/v1/sync/status?device_id=${b}`)).toMatchObject({ conflicts: 0 });
      const [audit] = await field.sql(
        `select count(*)::int as n from satchel.conflicts where conflict_id = $1 and decided_by = 'ana' and state = 'settled'`,
        [conflict.conflict_id],
      );
      expect(audit).toEqual({ n: 1 });
      const twice = await ana.ask('/api/v1/sync/resolve-conflict', {
        body: { conflict_id: conflict.conflict_id, resolution },
      });
      expect(twice.status).toBe(409);
    },
  );

  test('[DIA-51] a stranger neither sees nor decides it, an administrator does', async () => {
    const { conflict } = await clash('Y');
    const stranger = field.as(await field.token({ userId: 'eve' }));
    const body = { conflict_id: conflict.conflict_id, resolution: 'client_wins' };
    expect((await stranger.ask('/api/v1/sync/resolve-conflict', { body })).status).toBe(404);
    expect(await stranger.get('/api/v1/sync/conflicts')).toMatchObject({ conflicts: [] });
    expect(await admin.post('/api/v1/sync/resolve-conflict', body)).toMatchObject({
      conflict: { status: 'resolved', resolution: 'accept_client' },
    });
  });
});

test('[DIA-52] S3 test 3: three days offline, ten reports and five profile updates in one batch, nothing pending', async () => {
  const phone = device();
  const ben = field.as(await field.token({ userId: 'ben' }));
  const since = (await download(ben, phone)).sync_timestamp;
  const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
  const uploaded = await upload(
    ben,
    phone,
    [
      ...Array.from({ length: 10 }, (_, n) =>
        action('create_report', 'report', { title: `Offline ${n}` }, { timestamp: ago(72 - n) }),
      ),
      ...Array.from({ length: 5 }, (_, n) =>
        action('update_profile', 'profile', { name: `Ben ${n}` }, { timestamp: ago(20 - n) }),
      ),
    ],
    since,
  );
  expect(uploaded.results.map(({ status }) => status)).toEqual(Array.from({ length: 15 }, () => 'success'));
  expect(await field.sql(`select name from profiles where id = 'ben'`)).toEqual([{ name: 'Ben 4' }]);
  expect(await ben.get(`/api/v1/sync/status?device_id=${phone}`)).toMatchObject({
    pending_uploads: 0,
    sync_health: 'good',
  });
});

test('[DIA-53] sync_health by its thresholds, the worst that is true', async () => {
  const given = { delayedAfter: 1_000, failingAfter: 5_000, failures: 2 };
  const fine = { silentFor: 0, openConflicts: 0, refused: 0 };
  const of = (facts: Partial<typeof fine>) => healthOf({ ...fine, ...facts }, given);
  expect([of({}), of({ silentFor: 1_000 })]).toEqual(['good', 'good']);
  expect([of({ silentFor: 1_001 }), healthOf({ ...fine, silentFor: undefined }, given)]).toEqual([
    'delayed',
    'delayed',
  ]);
  expect([of({ openConflicts: 1 }), of({ refused: 1 }), of({ openConflicts: 1, silentFor: 2_000 })]).toEqual([
    'attention',
    'attention',
    'attention',
  ]);
  expect([of({ refused: 2 }), of({ silentFor: 5_001 })]).toEqual(['failing', 'failing']);
  const phone = device();
  const carl = field.as(await field.token({ userId: 'carl' }));
  const health = async () => (await carl.get(`/api/v1/sync/status?device_id=${phone}`)).sync_health;
  expect(await health()).toBe('delayed');
  await download(carl, phone);
  expect(await health()).toBe('good');
  await upload(carl, phone, [action('create_report', 'report', { colour: 1 })]);
  expect(await health()).toBe('attention');
  await upload(
    carl,
    phone,
    Array.from({ length: 4 }, () => action('create_report', 'report', { colour: 1 })),
  );
  expect(await health()).toBe('failing');
});
